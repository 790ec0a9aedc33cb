/** No answer that is read here has more brackets within brackets. */
const MOST_NESTED = 100;
const [QUOTE, BACKSLASH] = [34, 92];

/** JSON of a server or a model. Node takes the square of the time for brackets in brackets: minutes for two megabytes. Throws as JSON.parse does. */
export function parseForeignJson(text: string): unknown {
  if (isNestedTooDeep(text)) throw new SyntaxError(`brackets stand within more than ${MOST_NESTED} others`);
  return JSON.parse(text);
}

/** Whether it is better left unread. */
export function isNestedTooDeep(text: string): boolean {
  let [depth, quoted] = [0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (quoted && code === BACKSLASH) at++;
    else if (!quoted && (code === 0x5b || code === 0x7b) && ++depth > MOST_NESTED) return true;
    else if (!quoted && (code === 0x5d || code === 0x7d)) depth--;
  }
  return false;
}
