/** Mailbox providers for everybody: two of their addresses are not two people of one company. */
const FREEMAIL = new Set(
  `gmail.com googlemail.com outlook.com outlook.es outlook.fr outlook.de hotmail.com hotmail.co.uk hotmail.es hotmail.fr hotmail.de
  hotmail.it live.com live.co.uk live.fr live.nl msn.com yahoo.com yahoo.co.uk yahoo.es yahoo.fr yahoo.de yahoo.it yahoo.co.in
  yahoo.com.br yahoo.co.jp ymail.com rocketmail.com aol.com icloud.com me.com mac.com proton.me protonmail.com pm.me tutanota.com
  tuta.com fastmail.com zoho.com zohomail.com gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com email.com
  orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it telefonica.net terra.es uol.com.br bol.com.br
  terra.com.br mail.ru yandex.ru yandex.com rambler.ru qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net rediffmail.com
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net btinternet.com sky.com virginmedia.com ntlworld.com seznam.cz
  wp.pl o2.pl onet.pl interia.pl bigpond.com optusnet.com.au shaw.ca rogers.com sympatico.ca ziggo.nl kpnmail.nl skynet.be telenet.be
  bluewin.ch`.split(/\s+/),
);

export function isFreemail(domain: string): boolean {
  return FREEMAIL.has(domain);
}
