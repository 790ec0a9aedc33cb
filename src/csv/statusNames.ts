/** Names of columns of states and tags, compared as those in `consentWords.ts`. */

/** Names of columns with a status, and what they may be about instead. */
export const STATUS_NAMES = `reason legalbasis lawfulbasis dataprocessingbasis legalbasisforprocessingcontactsdata status statut estado stato etat stage state situacao situacion zustand статус 状态 ステータス 상태 type result
  verification deliverability substatus mailing subscription disposition`;
export const STATUS_OF_OTHERS = `order payment invoice shipping fulfillment fulfilment employment marital relationship job visa loan ticket deal
  project task tax financial civil familien bestell bestellung zahlung zahlungs pedido pago commande ordine pagamento auftrags projekt vertrags lieferung liefer steuer aufgaben ticket`;
/** A column of this name alone is the person's status. */
export const PLAIN_STATUS = 'status statut estado stato situacao статус 状态 ステータス 상태 zbstatus';
/** So it is with one of these beside it. */
export const OF_THE_ADDRESS = `email mail contact subscriber member user verification validation result deliverability kontakt contacto suscriptor
  abonnent abonne`;
/** Here vague words alone are about consent. */
export const OF_THE_LIST = 'subscriber abo newsletter mailing list audience suscriptor abonnent abonne';
/** Names of columns with words of many kinds, a refusal among them. */
export const OPEN_STATUS = `category categories categorie kategorie kategoria categoria leadcategory code codes solicitcodes phase fase faza outcome response reply
  intent sentiment flag flags remark`;
export const OPEN_OF_OTHERS = `product products industry company account business store item produkt branche country postal zip area promo discount coupon tax vat job
  produit producto prodotto produto`;
/** Beside consent they stand over text about it. */
export const REMARKS = `reason reasons comment comments note notes remark remarks grund bemerkung bemerkungen motif motivo razon motivi reden opmerking opmerkingen powod uwagi
  commentaire commentaires comentario comentarios commento`;
export const TAGS = 'tag tags label labels list lists group groups segment segments';
