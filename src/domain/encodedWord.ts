/**
 * Text that a header's reader may take for an encoded word (RFC 2047 §2), `=?charset?B?…?=`, and show as other characters than were approved.
 * Readers differ in what they decode beside it: words that are not closed, that hold spaces, that stand within others or in quotes.
 */

/** Every one of them begins with these two. */
export function readsAsEncoded(text: string): boolean {
  return text.includes('=?');
}

/** Whether a word begins in it that some reader decodes: for where it could not be encoded once more. */
export function beginsEncodedWord(text: string): boolean {
  return /=\?[^?]*\?[bq]\?/i.test(text);
}
