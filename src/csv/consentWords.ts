/**
 * Words by which exports say who may be mailed: of newsletter tools, shops, CRMs and address checks, in the languages of
 * their users. All are compared as `bare` writes them: lower case, letters and digits alone, no accents.
 */

/** Why somebody gets no mail, as their file says it. */
export type Refusal =
  | 'unsubscribed'
  | 'do_not_contact'
  | 'complained'
  | 'bounced'
  | 'cleaned'
  | 'blocked'
  | 'no_consent'
  | 'unconfirmed'
  | 'inactive'
  | 'archived'
  | 'invalid';

interface HeaderWords {
  /** Whether a yes in such a column is for mail or against it. */
  readonly means: 'for' | 'against';
  /** What is said of those who get none. */
  readonly refusal: Refusal;
  /** Their own negation is a part of them: "do not contact". */
  readonly negated?: boolean;
  readonly whole: string;
  /** Anywhere within the name. */
  readonly within: string;
}

/** Names of columns that are about consent; the first that fits counts, so that "opted out of marketing consent" is an opt-out. */
export const HEADERS: readonly HeaderWords[] = [
  {
    means: 'against',
    refusal: 'unsubscribed',
    whole: `unsub unsubs unsubbed unsubtime unsubdate unsubreason unsubreasonother unsubcampaigntitle unsubcampaignid unsubat
      baja fechabaja fechadebaja bajanewsletter bajadelnewsletter bajadelanewsletter bajaboletin bajadelboletin bajadeboletin bajacorreo cancellazione datacancellazione rezygnacja datarezygnacji cancelacion resiliation`,
    within: `unsubscri optedout optout optsout optingout consentwithdrawn consentrevoked withdrawnconsent revokedconsent
      abgemeldet abmeld abbestell ausgetragen widerruf widersproch widerspruch desuscri dadodebaja dadadebaja desabonn desinscri
      disiscri descadastr cancelouinscri desinscrev uitgeschreven uitschrij afgemeld afmeld wypisa avregistrer avprenumer avanmal
      avmeld afmeldt отписа отписк 配信停止 配信拒否 購読解除 配信解除 退订 取消订阅 수신거부`,
  },
  {
    means: 'against',
    refusal: 'do_not_contact',
    negated: true,
    whole: `dnd dndemail emaildnd dndall listarobinson listerobinson dnc dne dnm robinson robinsonliste robinsonlist nocontact noemail noemails nomail nomailing nomailings nomarketing opposition
      oposicion excludefrommailing excludefrommailings excludefromemail excludefromemails`,
    within: `donotcontact donotemail donotmail donotsend donotmarket donotdisturb donotallowemail donotallowbulkemail dontcontact dontemail
      keinewerbung keineemail keinemail keinkontakt keinenewsletter keinnewsletter werbesperre werbeverbot mailsperre kontaktsperre
      nichtkontaktieren nichtanschreiben nocontactar noenviar nepascontacter nepasenvoyer nepassollicit noncontattare noninviare
      naocontatar naoenviar nietcontacteren nietmailen nietbenaderen geenmail geenemail geenreclame`,
  },
  {
    means: 'against',
    refusal: 'complained',
    whole: 'spam isspam spammed abuse junk spamreport spamreports',
    within: `complain complaint reportedspam reportedasspam markedasspam markedspam spamcomplaint abusereport spambeschwerde queja plainte
      denunciaspam`,
  },
  { means: 'against', refusal: 'cleaned', whole: 'cleaned iscleaned cleanedat cleandate cleantime cleaneddate cleanedtime', within: '' },
  {
    means: 'against',
    refusal: 'bounced',
    whole: 'hardfail',
    within: 'bounc rebot rebond rimbalz unzustellbar undeliver emaildevolvid',
  },
  { means: 'against', refusal: 'invalid', whole: '', within: 'emailinvalid invalidemail emailungultig emailinvalido' },
  {
    means: 'against',
    refusal: 'blocked',
    whole: `banned isbanned deactivated deactivatedat deaktiviert deaktiviertam desactive desactivado disattivato desativado gedeactiveerd
      spamtrap isspamtrap`,
    within: `blocked blacklist blocklist blackliste suppressed suppression denylist emaildisabled emailsdisabled mailingdisabled
      marketingsuspended emailsuspended gesperrt sperrliste sperrvermerk bloqueado bloqueada bloccato geblokkeerd listanegra listenoire`,
  },
  {
    means: 'for',
    refusal: 'no_consent',
    whole: `permission contactable mailable emailable newsletterempfanger sendmarketingmaterials
      subscribed issubscribed subscribe subscribedat subscribedon subscribedate subscribeddate subscriptiondate datesubscribed
      newsletter mailinglist onmailinglist emailmarketing marketingemail marketingemails gdpr dsgvo rgpd lgpd rodo suscrito suscrita abonne abonnee abonniert angemeldet inscrit inscrite iscritto iscritta
      inscrito inscrita assinante ingeschreven aangemeld geabonneerd nieuwsbrief infolettre boletin prenumererar tilmeldt pameldt
      emailwerbung подписан подписка рассылка 購読 購読中 メルマガ メールマガジン メルマガ購読 メール配信 配信許可 订阅 수신동의`,
    within: `optedin optin optsin doubleoptin consent einwillig zustimmung consenso consensi toestemming samtyck samtykke zgoda согласи 同意
      acceptsmarketing acceptsemail acceptemail acceptmarketing acceptsnewsletter emailmarketingstat marketingcontactstatus marketingstatus
      marketingpermission marketingallowed emailpermission mailingpermission contactpermission permissionstatus
      permissiontomail permissiontoemail permissiontocontact kontakterlaubnis werbeerlaubnis werbungerlaubt mailerlaubt emailerlaubt
      maywecontact maywemail maycontact maymail mayemail canemail canmail cancontact allowemail allowmail emailallowed allowcontact
      allowmarketing contactallowed receiveemail receivesemail receivenewsletter receivesnewsletter receivemarketing wantsemail
      wantsnewsletter newslettersubscri newsletterabo emailsubscribed subscribedtoemail subscribedtonewsletter subscribedtomarketing
      issubscriber emailenabled emailsenabled aceptapublicidad aceptamarketing aceptaemail aceptacorreo aceptarecibir accettamarketing
      accettanewsletter accettaemail accepteemail acceptelesemail accepterecevoir acceptenewsletter aceitamarketing aceitaemail
      aceitareceber aceitanewsletter`,
  },
  {
    means: 'for',
    refusal: 'inactive',
    whole: `aktiv activated isactivated activatedat active isactive activecontact contactactive activo activa actif attivo attiva ativo ativa actief
      aktywny aktywna istaktiv estaactivo`,
    within: '',
  },
  {
    means: 'for',
    refusal: 'unconfirmed',
    whole: `emailconfirmed emailverified isconfirmed confirmedemail verifiedemail emailisverified emailisconfirmed emailbestatigt emailverifiziert
      emailconfirmado emailverificado emailconfirme emailverifie emailconfermata emailverificata emailbevestigd emailgeverifieerd`,
    within: '',
  },
  {
    means: 'for',
    refusal: 'invalid',
    whole: 'emailvalid validemail isvalid isvalidemail emailisvalid deliverable isdeliverable',
    within: '',
  },
];

/** Names that stand over other things as often. */
export const LOOSE = /^(is)?blocked(on|by)/;
/** Such a column is also a date of joining, and many who joined have none. */
export const JOINED =
  /^(is)?subscri|^datesubscribed|^(double)?opt(ed)?in(time|date|at|on|timestamp)$|^(date|time)of(double)?optin$|^activated|^emailvalid|^valid|^isvalid|deliverable$/;

/** Consent for these is not consent about mail, neither way. A name that mentions mail as well is about both. */
export const OTHER_CHANNELS = {
  within: `sms whatsapp telefon phone telefono mobile push fax anruf llamada appel chiamat ligacao bellen voice telegram viber directmail
    physicalmail postalmail briefpost perpost textmessage donotcall donottext`,
  whole: 'post tel text call calls cell postal',
} as const;
export const MAIL_CHANNELS = {
  within: 'email newsletter mailing correo courriel nieuwsbrief boletin eletronic infolettre',
  whole: 'mail mails all any both everything alle todos tous tutti',
} as const;

/** About consent at first sight, and about something else. */
export const NOT_CONSENT =
  /nonprofit|^donotmodify|^days(without|since)|^(newsletter|email)subscribers(count)?$|subscribers?count$|numberof|notcontacted|^lastcontact|(e?mails?)received$|^received(e?mails?)|consentmanager|consenttool|consentplatform/;
/** With one of them a name that is about mail asks whether it may be sent. */
export const PERMITS = `ok okay can may allow- permit- permission- permiss- accept- agree- want wants wish wishes would receive receives happy touch contactable mailable emailable
  -erlaub- darf durfen kann mocht- will wunsch- -erwunsch- -gewunsch- -einwillig- -zustimm- -einverstanden- akzeptier- empfang- genehmig-
  souhait- veut veux voulez desire- accepte- autoris- recevoir peut pouvons
  desea- quier- acept- autoriz- permit- recib- puede- podemos desider- vuole vuoi voglio vorre- accett- acconsent- autorizz- ricev- puo possiamo
  wil wilt wenst wens- mag mogen ontvang- accepteer- akkoord gewenst aangemeld- ingeschrev- geabonneerd
  deseja- quer quero aceit- receb- concord- pode chce zyczy wyraz- zgadza- akcept- otrzym- moze mozna
  subscrib- abonn- inscrit- iscritt- inscrito inscrita suscri- zapisan- subskryb- subskrypc- signedup registered angemeld-`;
export const PERMITS_TO_ME = 'send hearfrom like happy interested receiving';
/** A question that begins so asks for something else than a yes or a no: "How can we contact you?" */
export const OPEN_QUESTIONS = `how what when where which who whom whose why wie was wann wo welche welcher welches wer warum comment quel quelle quels quelles quand ou pourquoi qui
  como cual cuales cuando donde quien que come quale quali quando dove chi perche hoe wat wanneer waar welke wie waarom qual quais onde quem jak co kiedy gdzie ktory kto`;
export const PRONOUNS = 'i me my you your we us our ich mir mich sie wir uns je me vous nous ik mij wij ons u me nos mi ci eu';

/** Consent to something else than mail. */
export const OTHER_TOPICS = `track cookie photo foto image bild video terms agb conditions parental medical recording profil bouncerate softbounc
  parentconsent privacypolicy`;
/** What stands beside consent and does not say whether there is any. */
export const ASIDE = `link url href ip token source version rate score language page method medium origin id text wording key hash percent quelle hours manager`;
/** So it is with these, where a yes is for mail. */
export const ASIDE_OF_CONSENT = `level from collected updated modified changed campaign list lists manager officer hours subscribers count total number tool
  vendor provider platform software owner`;
/** A question that asks for a yes to mail: "Would you like to receive our emails?" */
export const ASKS = 'receive recevoir recibir ricevere receber ontvangen erhalten subscribeto signup join abonnier anmeldung aboneren';
/** Of a column that is against mail, any text in such a one says that it happened. */
export const TELLING = `mode form reason comment comments campaign type code message detail details error grund motivo raison motif reden note notes title
  description category suppressions suppression`;
export const DATES = 'date time at on timestamp datum zeit fecha data quando since seit';

export const YES = `yes y true t 1 x on ja j jawohl oui o si s sim da да tak ano igen evet kylla はい 是 有 예 네 wahr verdadero verdadera vrai accepted akzeptiert aceptado aceptada accepte accettato aceito
  vero verdadeiro waar checked ok`;
export const NO = `no n false f 0 off nein non nao nee nej nei нет nie いいえ 否 无 没有 아니요 falsch falso falsa faux onwaar unchecked never
  nunca jamais nooit kein keine aucun ninguno nessuno geen`;
/** Ticked and not ticked. */
export const TICKS = { yes: '✓✔☑✅', no: '✗✘❌☐' } as const;
export const EMPTY = 'na null nil none undefined nan notavailable';
/** A sentence that begins so: "Yes, I want the newsletter", "No, thanks". */
export const BEGINS_YES = 'yes ja oui si sim true';
export const AGREES = `agree agreed consent accept accepted zustimme stimme einverstanden akzeptiere accepte consens acepto consiento autorizo
  accetto acconsento aceito concordo akkoord`;

interface StatusWords {
  /** Undefined for those who may be mailed. */
  readonly refusal: Refusal | undefined;
  /** Say what a column is about, wherever they stand. */
  readonly sure: string;
  /** So do these, but only in a column that is called status and nothing else, or names the address. */
  readonly likely: string;
  /** Are read where another word has said what the column is about. */
  readonly vague: string;
}

/** What columns called status say of a person. */
export const STATUS: readonly StatusWords[] = [
  {
    refusal: 'unsubscribed',
    sure: `unsubscribed unsubscribe unsub unsubbed optedout optout optedoutofemail globallyunsubscribed globalunsubscribe
      unsubscribedfromall unsubscribedbyuser unsubscribedbyadmin consentwithdrawn abgemeldet abbestellt ausgetragen desuscrito desuscrita
      dadodebaja dadadebaja debaja baja desabonne desabonnee desinscrit desinscrite disiscritto disiscritta descadastrado descadastrada
      desinscrito desinscrita inscricaocancelada cancelouinscricao uitgeschreven afgemeld wypisany wypisana avregistrerad avanmald
      avmeldt afmeldt отписан отписана отписался 配信停止 配信拒否 購読解除 配信解除 退订 已退订 수신거부`,
    likely: '',
    vague: `cancelled canceled cancelado cancelada annullato gekundigt resilie removed deleted stopped withdrawn revoked widerrufen
      geloscht eliminado`,
  },
  {
    refusal: 'do_not_contact',
    sure: `donotcontact dnc donotemail donotmail dontcontact donotsend stop stopp takemeoff takemeoffyourlist takemeoffthelist takeoffthelist
      leavemealone werbesperre mailsperre kontaktsperre werbeverbot werbewiderspruch robinsonliste keinewerbung nichtkontaktieren keinkontakt nocontactar
      nepascontacter noncontattare naocontatar nietcontacteren nietbenaderen nomail nocontact robinson`,
    likely: '',
    vague:
      'deceased verstorben decede decedee fallecido fallecida deceduto deceduta overleden falecido falecida zmarły zmarła notinterested keininteresse nointeresado nointeresada pasinteresse pasinteressee noninteressato seminteresse',
  },
  {
    refusal: 'complained',
    sure: `complained complaint complainer spam spamcomplaint spamcomplaints markedasspam reportedspam reportedasspam spamreport
      spamreported abuse abusecomplaint spambeschwerde beschwerde queja plainte klacht`,
    likely: 'junk',
    vague: 'spammy reclamo reclamacao',
  },
  {
    refusal: 'bounced',
    sure: `bounced bounce hardbounce hardbounced hardbounces bouncedhard permanentbounce emailbounced unzustellbar rebotado rebotada rebote
      reboteduro rebond rebondi rimbalzato rimbalzata rimbalzo devolvido devolvida nietbezorgbaar gebounced gebounct odbity`,
    likely: '',
    vague: 'permanent hard undelivered',
  },
  { refusal: 'cleaned', sure: 'cleaned bereinigt limpiado nettoye opgeschoond', likely: '', vague: 'pulito' },
  {
    refusal: 'blocked',
    sure: 'blacklisted blocklisted blacklist blocklist denylisted suppressed globallysuppressed listanegra listenoire',
    likely: `blocked banned disabled deactivated gesperrt blockiert bloqueado bloqueada bloque bloquee bloccato bloccata geblokkeerd
      deaktiviert desactivado desactive disattivato desativado uitgeschakeld`,
    vague: 'suspended temphold onhold',
  },
  {
    refusal: 'no_consent',
    sure: `nonsubscribed notsubscribed neversubscribed nonmarketable notmarketable unengagednonmarketable noconsent noconsentgiven withoutconsent notoptedin nooptin nichtabonniert
      nichtangemeldet keineeinwilligung nosuscrito nosuscrita sinconsentimiento nonabonne nonabonnee noninscrit sansconsentement noniscritto
      senzaconsenso naoinscrito semconsentimento nietingeschreven geentoestemming 未購読 未同意`,
    likely: '',
    vague: `denied declined refused rejected notallowed disallowed disallow donotallow notgiven nonmarketingcontact notset transactional
      expired verweigert abgelehnt denegado denegada rechazado rechazada refuse refusee rifiutato negado recusado geweigerd nichterteilt 不可
      不同意 拒否 同意しない`,
  },
  {
    refusal: 'unconfirmed',
    sure: `unconfirmed notconfirmed pendingconfirmation awaitingconfirmation unactivated unbestatigt nichtbestatigt noconfirmado niepotwierdzony niepotwierdzona
      sinconfirmar nonconfirme nonconfermato naoconfirmado onbevestigd`,
    likely: '',
    vague: 'pending pendiente ausstehend enattente inattesa pendente inafwachting',
  },
  {
    refusal: 'inactive',
    sure: '',
    likely: 'inactive inaktiv inactivo inactiva inactif inattivo inativo inactief notactive nieaktywny nieaktywna',
    vague: '',
  },
  { refusal: 'archived', sure: '', likely: 'archived archiviert archivado archive archiviato arquivado gearchiveerd', vague: '' },
  {
    refusal: 'invalid',
    sure: `bademail bademailaddress wrongemail wrongemailaddress incorrectemail invalidemail invalidemailaddress emailinvalid falscheemail emailfalsch
      mauvaisemail emailincorrecto emailerroneo emailerrata emailsbagliata foutemail verkeerdemail emailerrado`,
    likely: `invalid ungultig invalido invalida invalide nonvalido ongeldig nieprawidłowy nieprawidłowa 無効 undeliverable spamtrap mailboxnotfound doesnotexist
      syntaxerror invalidmailbox rejectedemail`,
    vague: 'bad dead',
  },
  {
    refusal: undefined,
    sure: `subscribed marketable unengagedmarketable optedin optin doubleoptin singleoptin confirmedoptin doubleoptedin abonniert suscrito suscrita abonne abonnee iscritto iscritta inscrito
      inscrita assinante ingeschreven geabonneerd prenumererar подписан 購読中 已订阅`,
    likely: '',
    vague: `ok okay active aktiv activo activa actif attivo ativo actief enabled confirmed bestatigt confirmado confirme confermato bevestigd allow
      allowed erlaubt granted given agreed erteilt zugestimmt otorgado otorgada vorhanden gegeben liegtvor donne donnee accorde accordee autorise autorisee prestato prestata dato
      gegeven verleend dado dada concedido concedida concesso concessa autorizado autorizada udzielona wyrazona soi doi obtained recorded send
      aktywny aktywna potwierdzony
      explicit express expressconsent implied implicit impliedconsent marketingcontact valid verified deliverable safe good single double
      inscrit inscrite angemeldet aangemeld 有効 同意 同意済 同意する 配信中 配信可 許可`,
  },
];

/** Deliveries that were only put off. */
export const SOFT = 'soft softbounce softbounced softbounces transient temporary temporaer';
