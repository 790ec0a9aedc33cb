/**
 * The words that turn a sentence about mail for or against it, by language. A plain word is a whole word, `refus-` begins one,
 * and `-erlaub-` may stand anywhere within one. All are compared as `bare` writes them.
 */

import type { Refusal } from './consentWords.ts';

/** Each turns the meaning round. */
export const NEGATIONS = [
  'not no dont doesnt didnt isnt arent wont cannot cant wasnt hasnt havent never without neither nor non',
  'nicht kein keine keinen keinem keiner keinerlei niemals ohne',
  'ne n sans',
  'sin nunca tampoco',
  'senza',
  'niet geen nooit zonder',
  'nao nem sem',
  'nie bez brak',
  'inte ej ikke aldri aldrig utan uden uten не нет без',
  'nein nee nej nei false',
].join(' ');
/** They do so alone; beside one of the others they only strengthen it: "ne … pas". */
export const STRENGTHENERS = `pas jamais aucun aucune jamas ningun ninguno ninguna nessun nessuno nessuna mai nenhum nenhuma mais mas wiecej
  zadnej zadnego zadnych`;
/** Alone such a word means more as well as no more. */
export const MORE_OR_NO_MORE = 'plus mais mas mai';

export interface AgainstWords {
  readonly refusal: Refusal;
  /** They are about mail wherever they stand. */
  readonly plain: boolean;
  readonly words: string;
}

/** Words that speak against what stands beside them. */
export const AGAINST: readonly AgainstWords[] = [
  {
    refusal: 'unsubscribed',
    plain: true,
    words: `unsub unsubs unsubbed -unsubscri- optout optedout optsout optingout
      -abgemeld- -abmeld- -abbestell- ausgetragen austragung
      desabonn- desinscri-
      -desuscri- dadodebaja dadadebaja
      disiscri- cancellazione-
      -uitgeschrev- uitschrij- afgemeld- afmeld- opgezegd opzegg-
      descadastr- desinscrev- descadastro-
      wypis- -rezygn- wyrejestr-
      avregistr- avprenumer- avanmal- avmeld- afmeldt- отписа- отписк-`,
  },
  {
    refusal: 'unsubscribed',
    plain: false,
    words: `withdr- revok- revoc- revog- rescind- cancel- annul- stop stopp stopped remov- delet- lapsed expired erased
      -widerruf- zuruckgezogen zuruckgenommen entzogen entzieh- gekundigt kundig- geloscht entfernt abgelaufen erloschen beendet
      retire retiree retires retrait- resili- supprim- suppression revoqu- effac- perim- expire expiree
      retira retiro retirad- eliminad- borrad- caducad- expirad-
      ritirat- rimoss- rimozion- cancellat- scadut- eliminat- revocat-
      ingetrokken intrek- verwijder- verlopen beeindigd herroep-
      removid- cancelad- excluid- apagad-
      wycofa- cofni- usunie- wygas- anulowan- odwołan- skreślon-`,
  },
  {
    refusal: 'no_consent',
    plain: false,
    words: `refus- declin- reject- denied deny denies denial disagre- disallow- dislike- missing lacks lacking absent
      verweiger- abgelehnt ablehn- lehnt zuruckgewiesen fehlt fehlend-
      rejet- manquant-
      rechaz- deneg- denieg- negad- falta
      rifiut- negat- respint- manca mancante
      geweiger- weiger- afgewezen afwijz- ontbreekt
      recus- rejeit-
      odmow- odmaw- odrzuc-`,
  },
  {
    refusal: 'do_not_contact',
    plain: false,
    words: `object objects objected objection objections forbid- prohibit- unwanted unwelcome exclud- exclusion dnd
      -widersp- -untersag- -verbot- verbiete- -unerwunscht- -ausgeschlossen-
      oppos- oposi- interdi- indesirabl- exclu exclue exclus
      opon- opuest- prohib- excluid- indesead-
      vieta- esclus- indesiderat- oppost-
      bezwaar- verzet verboden ongewenst uitgesloten
      proibi- indesejad- denunci-
      sprzeciw- zakaz- niechcian- niepozadan-`,
  },
  {
    refusal: 'blocked',
    plain: false,
    words: `-blacklist- -blocklist- denylist- suppressed- blocked banned suspend- quarantin- disabled deactivat-
      -gesperr- -sperr- blockier- deaktivier-
      -bloque- suspendu- desactiv-
      bloquead- suspendid- deshabilitad-
      bloccat- sospes- disabilitat- disattivat-
      -geblokkeerd- opgeschort uitgeschakeld
      bloquead- suspens- desativad-
      zablokowan- zawieszon- wylaczon- wyłączon-`,
  },
  {
    refusal: 'complained',
    plain: false,
    words: 'complain- spammed -beschwer- plainte- queja- reclamo reclami reclamac- klacht- skarg- denuncia',
  },
  {
    refusal: 'bounced',
    plain: false,
    words: `bounce bounces bounced hardbounc- undeliver- npai -unzustellbar- rebond- rebotad- rimbalz- devolvid- gebounc- odbit- niedostarcz-
      onbestelbaar`,
  },
];

/** They speak for what stands beside them, and ask for it. */
export const WANTS = `want wants wanted wish wishes like likes accept- agree- allow- permit- permission- permiss- ok okay may can could happy
  receiv- interested interess- interes- zaintereso- hearfrom send please contactable mailable emailable
  -erlaub- darf durfen mocht- will wunsch- -erwunsch- -gewunsch- -einwillig- -einverstanden- -zustimm- zugestimmt akzeptier- erhalten bekommen empfang- genehmig- kann
  souhait- veut veux voulez desire- accepte- autoris- recevoir recoi- consent- peut pouvons puisje
  desea- desee- quier- quere- acept- autoriz- permit- recib- consient- puede- podemos
  desider- vuole vuoi voglio vorre- accett- acconsent- autorizz- ricev- puo possiamo
  wil wilt wenst wens- mag mogen ontvang- accepteer- akkoord gewenst graag
  deseja- desejo quer quero aceit- autoriza- receb- concord- pode podemos
  chce chcę wyraz- zgadza- akcept- otrzym- moze mozna`;

/** Mail to many. */
export const BULK = `-newsletter- -nieuwsbrief- -nieuwsbriev- -infomail- -verteiler- infolettre- -boletin- -biuletyn- -mailing- marketing- -werbung- werbe- publicid- pubblicit- publicit- reklam-
  reclame- advert- pub`;

/** What the sentence is about. */
export const TOPICS = {
  consent: `consent- consents -einwillig- -zustimm- consentement- consentim- consens- toestemm- zgod- samtyck- samtykk- согласи- optin optedin
    optsin doubleoptin permission- permissions gdpr dsgvo rgpd agreement autorizz- autorizac- autorisation-`,
  list: `${BULK} suscri- -abonn- abonner- inscri- iscri- inschrijv- aanmeld- zapis zapisy angemeld- anmeld- aangemeld- ingeschrev- abonn-
    assina- subskry- zapisan- prenumer-`,
  subscription: 'subscri- subskrip- suscripcion',
  mail: `mail mails email emails emailing mailed emailed -email- gemaild gemailt mailen emailen maili maile mailow- mejl- correo correos courriel courriels
    eletronic- elettronic- elektronisch- electronico electronica elektronicz-`,
  contact: `contact contacts contacted contacting -kontakt- reachable erreichbar joignable bereikbaar raggiungibile contact- contatt- contat- contattar- hearfrom anschreiben angeschrieben benader- sollicit- disturb correspond-
    korrespond-`,
} as const;

/** To do it, as "do not contact" has it: not whether it was done. */
export const CONTACTING = `contact contacting mail mails email emails emailing mailing send disturb market correspond write solicit kontaktieren kontakt kontaktaufnahme anschreiben schreiben zusenden mailen contacter solliciter
  recontacter demarcher ecrire envoyer contactar enviar escribir molestar contattare ricontattare scrivere inviare disturbare contacteren benaderen schrijven contatar escrever kontaktować wysyłać przysyłać`;

/** Stand between a negation and what it forbids: "no further contact". */
export const BETWEEN = `volver vuelvan any more ever longer further se te again mehr weiter weitere weiterhin wieder jemals bulk mass marketing commercial direct want wants wish wishes like
  would plus jamais mas nunca recibir ricevere piu meer nog langer mais mai wiecej juz`;

/** What was or was not done or found with a mail: no word of its reader. */
export const ENGAGEMENT = `open- opened click- sent replied reply found answered contacted yet delivered viewed read seen processed available
  geoffnet geklickt gesendet gefunden kontaktiert beantwortet ouvert- envoye- trouve- contacte contactee abiert- enviad- encontrad- contactad-
  apert- inviat- trovat- contattat- geopend verzonden gevonden benaderd abert- encontrad- contatad- wysłan- otwart-`;

/** Whether the address was checked or confirmed. */
export const CONFIRMS = 'confirm- verif- valid- bestatig- gepruft bevestig- potwierdz- activated activ- checked';

/** It was asked, and is not answered. */
export const WAITS = `await- waiting wait pending pend- -ausstehend- offen ungeklart attente attesa pendient- pendent- wacht wachten afwachting
  oczek- czeka asked requested angefragt`;

/** Beside a yes they say nothing else: "Yes, please send me your e-mails." */
export const FILLERS = `i we you us me my your our to the a an of for by via with and or is are be was has have do does did that this it in on at from
  yes ja oui si sim tak please bitte merci thanks thank explicit explicitly express expressly implied single double soft opt in given granted
  obtained freely confirmed ich wir sie der die das den dem ein eine zu zum zur fur von per mit und oder ist sind wurde bin hat habe vor liegt
  je vous nous le la les de des du par et est suis il lo los las un una y e o que es por para el di da del della il gli per ho stato ik we het
  van en is ben via os as um uma no na do sou w na z i jest o se sie e news updates offers information`;

/** Stages of a sale, and what else stands in a column of states. They say nothing of mail. */
export const STAGES = `new open contacted attempt- working work nurtur- qualif- unqualif- disqualif- lead leads prospect- customer- client- won lost closed clos- convert-
  replied reply answer- interested meeting demo demos call called calls booked booking proposal propos- negotiat- contract- cold warm hot trial trialing vip lapsing
  subscriber evangelist opportun- mql sql marketing progress started start finished complet- done paid free premium member user contact person company account partner supplier vendor reseller
  engaged engaging follow followup queued sending sent opened clicked clicks delivered reached response responded respond later timing bad budget competitor left nobody show
  request information office wrong person ooo away vacation uncategorizable originated referral referred evaluat- research- recycl- connect- approach- unrespons- responsive unavailable guessed extrapolated verified managed generic personal regular unknown
  risky catchall acceptall catch all role rolebased disposable webmail accept ok good safe valid other none default test tested draft imported added manual employee staff former
  neu neukunde kunde kunden kundin interessent interessentin interessiert offen kontaktiert gewonnen verloren qualifiziert angebot termin bestandskunde altkunde partner lieferant
  abgeschlossen bearbeitung wiedervorlage mitarbeiter
  nouveau nouvelle ouvert client cliente clients prospect piste contacte contactee gagne gagnee perdu perdue qualifie qualifiee relance devis
  nuevo nueva abierto cliente clientes contactado contactada ganado ganada perdido perdida calificado cualificado interesado interesada reunion propuesta
  nuovo nuova aperto contattato contattata vinto vinta perso persa qualificato interessato proposta potenziale
  nieuw open klant klanten prospect gecontacteerd gewonnen verloren gekwalificeerd offerte afspraak
  novo nova aberto contatado contactado ganho ganha perdido perdida qualificado interessado proposta reuniao
  nowy nowa otwarty klient klientka skontaktowany wygrany przegrany oferta`;

/** Another basis in law than consent. */
export const OTHER_BASES = `legitimateinterest berechtigtesinteresse interetlegitime intereslegitimo interesselegitimo interesselegittimo legittimointeresse
  gerechtvaardigdbelang uzasadnionyinteres contract performanceofacontract performanceofcontract vertrag legalobligation publicinterest
  vitalinterest existingcustomer bestandskunde softoptinexistingcustomer`;

/** What is called off or turned down in a sale is no word about mail: "Demo cancelled". */
export const SALES = `meeting meetings demo demos call calls proposal contract deal order payment trial invoice appointment quote offer visit termin angebot vertrag bestellung
  reunion rdv devis commande cita propuesta pedido pago riunione proposta ordine pagamento afspraak offerte reuniao spotkanie oferta umowa event project`;
