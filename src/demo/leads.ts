/** About forty leads with the mess of real exports: every oddity below was seen in one. All domains are .example. */
export const DEMO_LEADS = `\ufeffE-mail;First Name;Surname;Organisation;Job Title;Notes
amelie.laurent@quai-neuf.example;Amélie;Laurent;Quai Neuf;Directrice;
  bjorn@fjordworks.example ;Björn;Åkesson;Fjordworks;CTO;met at the trade fair
CARLA@TORRE-ALTA.EXAMPLE;Carla;Ríos;Torre Alta;;
carla@torre-alta.example;Carla;Ríos;Torre Alta;;the same person in small letters
Dmitri Volkov <d.volkov@northern-lathe.example>;;;Northern Lathe;Einkauf;name inside the address
elif@kahve-ve-ko.example;Elif;Yılmaz;"Kahve; ve Ko";Owner;delimiter inside quotes
f.oduya@lagoslogistics.example;Folake;Oduya;Lagos Logistics;COO;"two
lines in one cell"
g.park@hanbit.example;;Park;Hanbit;;no first name
hana@müller-söhne.example;Hana;Müller;Müller & Söhne;CEO;address in an umlaut domain
ines@casaazul.example;Inês;Ferraz;Casa Azul;;
jo(at)nowhere;Jo;;Nowhere;;not an address
jonas@blauwal.example;Jonas;Weiß;"Blauwal ""GmbH""";;doubled quotes
kiran@saltmarsh.example;Kiran;Rao;Saltmarsh Foods;Head of Ops;
l.moreau@atelier-moreau.example;Luc;Moreau;Atelier Moreau;;
lena@hop-and-barrel.example;Lena;;Hop & Barrel <b>brewery</b>;;markup in a name
mateo@rio-claro.example;Mateo;Souza;Rio Claro;;

n.haddad@cedarline.example;Nour;Haddad;Cedarline;Partner;blank line above
nils@kvarn.example, nils2@kvarn.example;Nils;;Kvarn;;two addresses in one cell
oksana@vyshnia.example;Oksana;Koval;Вишня;;Cyrillic company
p.nguyen@lotusprint.example;Phương;Nguyễn;Lotus Print;;
paolo@bottega-verde.example;Paolo;Conti;Bottega Verde;;
quentin@mistral-data.example;Quentin;;Mistral Data;;
r.silva@portodigital.example;Rui;Silva;Porto Digital;;
rosa@greylist.example;Rosa;Blum;Blum & Co;;this server asks to come back later
s.ito@kawanami.example;紗季;伊藤;川波;;
sven@tjarnen.example;Sven;Ek;=HYPERLINK("x");;a formula
t.okafor@sunriseagro.example;Tobenna;Okafor;Sunrise Agro;;
tara@unknown-user.example;Tara;;Left Ltd;;this mailbox does not exist
uma@pinecrest.example;Uma;{{ company }};Pinecrest;;template words in a cell
v.petrova@sofiasoft.example;Vesela;Petrova;Sofia Soft;;
wei@jadebridge.example;Wei;Chen;Jade Bridge;;
x.arias@andesmaps.example;Ximena;Arias;Andes Maps;;
yara@nilepapers.example;Yara;Fathy;Nile Papers;;
z.kowalska@wislaworks.example;Zofia;Kowalska;Wisla Works;;
zoe@harbour-analytics.example;Zoe;Lindqvist;Harbour Analytics;VP;
;Nobody;;No Address Ltd;;no address at all
alba@sierra-norte.example;Alba;Prieto;Sierra Norte;;
ben@copperfield-tools.example;Ben;Adeyemi;Copperfield Tools;;
chloe@lakeside-clinic.example;Chloe;Tan;Lakeside Clinic;;
dario@officina-luce.example;Dario;\u001b[31mRed\u001b[0m;Officina Luce;;terminal escape in a name
`;

export const DEMO_CAMPAIGN = `---
subject: "A question about {{ company }}"
---
Hi {{ first_name | default: "there" }},

I help small teams like {{ company }} answer their mail within the hour.
Is that something you would like to have?

{% if title %}I am writing to you as {{ title | default: "" }}; if somebody else decides this, tell me who.

{% endif %}Best,
{{ sender.name }}
`;

/** Everything stays on this machine: the port belongs to the demo's own server. */
export function demoConfig(port: number): string {
  return `version: 1
identity:
  name: Ana Ruiz
  company: Ruiz Consulting
  postal_address: "Calle Mayor 1, 28013 Madrid, Spain"
  timezone: Europe/Madrid
senders:
  - { name: demo, type: smtp, from: "Ana Ruiz <ana@ruiz.example>", host: 127.0.0.1, port: ${port}, security: none }
retry: { delays: [1s], then: 1s, give_up: 1m }
`;
}
