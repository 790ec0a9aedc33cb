/**
 * What a person is sent and for what their data is used, and the words beside it, by language. The notation is that of
 * `polarityWords.ts`.
 */

/** What is sent, or done: it is about mail where a wish or a negation stands beside it. */
export const CONTENT = `communication communications offers promo promos promotion promotions promotional info infos information informations updates news
  announcements deals discounts tips invitations materials messages digest bulletin bulletins notifications alerts catalogs catalogues catalogue
  brochures coupons vouchers specials mailshots correspondence informed posted notified solicitation solicitations prospecting canvassing spam
  -mitteilungen- -kommunikation- -angebote- -information- -neuigkeiten- -nachrichten- rabatte gutscheine -prospekte- -einladungen- kataloge -infopost-
  werbepost werbematerial- informiert benachrichtig- akquise kaltakquise direktansprache ansprache
  offres promotionnel- actualites actus nouveautes nouvelles annonces informe informee notifie notifiee prospection demarchage demarche demarchee
  sollicitation sollicitations bonsplans
  comunicacion comunicaciones comunicados ofertas promocion promociones informacion informaciones novedades noticias actualizaciones mensajes
  descuentos anuncios avisos informado informada prospeccion
  comunicazione comunicazioni promozione promozioni promozional- informazione informazioni novita notizie aggiornamenti messaggi sconti avvisi
  informato informata aggiornato aggiornata prospezione
  comunicacao comunicacoes promocao promocoes informacao informacoes novidades atualizacoes mensagens descontos prospeccao prospecao
  communicatie- aanbiedingen acties promoties informatie nieuws nieuwtjes berichten mededelingen kortingen geinformeerd acquisitie
  komunikacja komunikacji komunikaty komunikatow oferty ofert ofertach promocje promocji promocjach informacje informacji informacjach aktualnosci
  nowosci nowosciach wiadomosci powiadomienia powiadomien rabaty rabatow poinformowan-`;
/** One of them may be that of a sale: it is about mail only where somebody wants or refuses it. */
export const ONE_OFFER =
  'updated offer angebot offre oferta offerta offerte aanbieding update message brochure nachricht mensaje messaggio mensagem bericht catalog';
/** The use of a person's data. */
export const PROCESSING = `processing -verarbeitung- traitement traitements tratamiento tratamientos trattamento trattamenti verwerking verwerken gegevensverwerking tratamento
  tratamentos przetwarzan- profiling profilage`;
export const PRIVACY = 'privacy lgpd gdpr dsgvo rgpd rodo ccpa datenschutz privacidad privacidade confidentialite prywatnosc prywatnosci';
/** What stands before such words and changes nothing. */
export const QUALIFIERS = `commercial commercials special exclusive product products company event events blog weekly monthly daily periodic regular future latest occasional
  relevant important new bulk mass direct electronic other general upcoming about again anymore more further any only personal data sending subscription
  kommerziell- werblich- exklusiv- aktuell- neue neuen neuer unsere unserer unseren produkt- veranstalt- regelmassig- uber weitere weiteren wieder mehr
  personenbezogen- daten zusend- zugesendet zugeschickt versand schicken zuschicken senden
  commercia- exclusi- nouvel- special- produits sur notre nos envoi envoyer envoyez recues encore personnelles donnees votre vos
  comercial- comerciais promocional- promocionais exclusiv- nuev- nuestr- sobre envio envios enviar datos personales mas tus sus mis
  esclusiv- nuov- nostr- prodotti su sui sulle invio inviare inviarmi dati personali piu alle agli
  nossas nossos nossa sobre envio dados pessoais novas novos mais
  commerciele commercieel exclusie- nieuwe onze speciale over toezenden sturen versturen verzenden persoonsgegevens meer per
  handlow- marketingow- promocyjn- specjaln- nasze naszych nowych wysyl- przesyl- danych osobowych droga elektroniczna mailowa email`;
/** Somebody wants it, or allows it: no past participle, for what was accepted or received is something else. */
export const WISHES = `want wants wanted wish wishes would like accept accepts agree agrees agreed allow allows allowed permit permits receive receives consent consents
  consented may happy signup signedup
  mochte mochten mocht will wollen wunsche wunscht wunschen erwunscht gewunscht erlaubt erlaube erlauben darf durfen -einverstanden- zustimme stimme stimmt
  akzeptiere akzeptiert akzeptieren
  souhait- veut veux voulez desire desirez accepte acceptez accepter autorise autorisez autoriser recevoir recoit consens
  desea deseo quiere quiero quieres acepta acepto aceptas aceptar autoriza autorizo autorizas autorizar permite permito recibir recibe consiente consiento
  desidera desidero vuole voglio vuoi vorrei accetta accetto accettare autorizza autorizzo autorizzare acconsent- ricevere riceve
  wil wilt willen wens wenst wenst- mag mogen accepteert accepteer accepteren gewenst akkoord graag
  deseja desejo quer quero aceita aceito aceitar autoriza autorizo receber recebe recebo concorda concordo permite
  chce chcę chcialbym chcialabym wyraza wyrazam wyraz- zgadza- akceptuje akceptuj- otrzymywac otrzymuje odbierac zyczy zycze`;

/** Without one of these, a refusal of what is sent may be that of a sale: "Offers declined". */
export const REFUSES = `stop stopp stoppen refuse refuses refus refuser refusal declines rejects blocks objec- against
  lehnt ablehne verweigert verweigere widerspricht widersprochen -widerspruch-
  oppos- opon- rechaza rechazo rifiuta rifiuto rifiutare respinge weigert weiger bezwaar verzet recusa recuso rejeita odmawia odmawiam sprzeciw- rezygn- basta`;
/** They say so alone, as the name of a column: of the use of one's data. */
export const OBJECTS = `objection objections objected objects object opposition oppositions oppose opposed opposee oposicion opuesto opposizione opposto oposicao oposto
  bezwaar verzet einspruch widerspruch sprzeciw sprzeciwy restriction restricted einschrankung limitation`;
export const RESTRICTS = 'restrict- einschrank- eingeschrankt limit- beperk- ogranicz-';
export const STOPS = 'stop stopp';
export const LOCKS = 'sperre sperrung sperrkennzeichen blocage bloqueo blocco blokkade bloqueio blokada';
export const REMOVES = `remove removed removal unlist entfernt entfernen entfernung streichen gestrichen austragen ausgetragen retirer retire retirez enlever enleve enlevez
  baja quitar quitado quitada eliminar eliminado eliminada rimuovere rimosso rimossa rimuovi verwijderen verwijderd verwijder remover removido removida remova
  usunac usun usuniety usunieta skreslic skreslony wykreslic wykreslony`;
export const ERASES = `verwijder- eras- delet- forgotten -losch- -gelosch- effac- supprim- suppression oubli oublie supresion suprim- borr- olvido oblio cancellare
  cancellazione cancellami vergetelheid wissen gewist exclusao excluir apagar apaga- esquec- eliminac- eliminazione usuniecie usuniecia usunac zapomn-`;
/** Somebody asked for it. */
export const ASKING = `please pls request- ask asked asks asking demand- want wants wanted wish wishes right me us from off list
  bitte -antrag- -anfrage- beantragt verlangt gewunscht gefordert recht mich uns verteiler liste aus will mochte
  droit svp demande demandee moi merci liste souhaite veut
  solicit- pedido pide pidio derecho favor lista quiere desea
  richiest- chiede diritto favore vuole
  -verzoek- verzocht recht aub graag lijst uit wil
  direito quer deseja
  wniosek zadan- prosi prosze prawo listy chce`;
/** Fill up such an order. */
export const AROUND_ORDERS = `darse darme dar solicita solicito be to your our his her my mailing mail email database distribution again data date time at on zu werden soll unserem dem der von vom
  received recorded registered exercised eingegangen eingelegt recu recue recibida ricevuta recebida otrzymano auf
  datum am datenbank etre a la de du des notre nos base del della dal dalla uit onze o da z sie gdpr dsgvo rgpd`;

/** Somebody else's mail: what is said about it is no word about ours. */
export const PARTNERS = `partner partners partnerwerb- partnermail- partnernewsletter- partnerangebot- partnerin partnern partenair- socios colaboradores parceir- partnerow partnerzy partnerskie
  third thirdpart- tiers terceros terzi terceiros dritte dritten drittanbiet- derden trzecich sponsor sponsors affiliate affiliates affiliat- sponsoren sponsorow`;
export const AND = 'and und et y e en i oraz sowie our us we you';

/** What somebody prefers. */
export const PREFERENCES = `preference preferences prefs pref -praferenz- -praeferenz- -einstellungen- preferencia preferencias preferenza preferenze -voorkeur- preferencje preferencja`;
/** One way of several: that none is named there says nothing. */
export const CHOICES =
  'preferred bevorzug- prefere preferee preferido preferida preferito preferita preferowan- method channel methode kanal canal canale kanaal';
/** None of what a column of preferences offers. */
export const NONE = `none no nothing never keine keiner kein nichts nie niemals nein aucun aucune rien non jamais ninguno ninguna nada nunca nessuno nessuna niente mai geen niets nee
  nooit nenhum nenhuma nao zadne zaden zadna brak nigdy optout off`;
export const ONLY = 'only nur solo solamente unicamente seulement uniquement soltanto alleen enkel apenas somente tylko';

/** What a business does with complaints or opt-outs of others. */
export const WORK = `handled handling managed management resolved resolution solved closed answered team department procedure tickets desk software per average total avg`;
/** Things that bounce or are blocked and are no mail. */
export const THINGS = `cheque cheques check checks orders payments invoices sessions visitors visits traffic users domains ips countries seats numbers ads cards card transactions
  deals meetings calls products items ticket`;
