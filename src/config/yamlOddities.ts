import { type Document, isAlias, isCollection, isScalar, type Node, visit } from 'yaml';

/** Something that YAML allows and settings have no use for; `offset` in the text. */
interface Oddity {
  readonly offset: number;
  readonly text: string;
}

/** Senders that share a window are a few. One within another would multiply ("billion laughs"), and is refused. */
const MOST_ALIASES = 50;
/** What a document without names of its own types means by itself. */
const USUAL_TAG = /^(?:tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)|!)$/;
/** Half of a surrogate pair, and controls but the tab and the line feed: no setting means them, and files, headers and terminals do. */
const ODD = /\p{Cs}|(?![\t\n])\p{Cc}/u;
/** Names that an object of JavaScript has by itself. */
const NOT_A_KEY = new Set(['__proto__', 'constructor', 'prototype']);

/** The first of them in the document. */
export function oddityIn(document: Document): Oddity | undefined {
  let aliases = 0;
  let found: Oddity | undefined;
  const say = (node: { range?: readonly number[] | null | undefined }, text: string) => {
    found = { offset: node.range?.[0] ?? 0, text };
    return visit.BREAK;
  };
  visit(document, {
    Pair(_, { key }) {
      if (isCollection(key)) return say(key, 'a key is a word, not a list or a map');
      if (isScalar(key) && NOT_A_KEY.has(String(key.value))) return say(key, `${String(key.value)}: unknown key; remove it`);
    },
    Node(_, node) {
      if (isAlias(node)) {
        const meant = node.resolve(document);
        if (meant === undefined) return say(node, `*${node.source}: nothing above is marked &${node.source}`);
        if (holdsAlias(meant)) return say(node, `*${node.source}: what is repeated repeats something itself; write the values themselves`);
        if (++aliases > MOST_ALIASES) return say(node, `more than ${MOST_ALIASES} aliases; write the values themselves`);
        return undefined;
      }
      if (node.tag !== undefined && !USUAL_TAG.test(node.tag)) return say(node, `${node.tag}: no tag is read; write the value alone`);
      if (isScalar(node) && typeof node.value === 'string' && ODD.test(node.value))
        return say(node, 'a control character, or half of one; write what a reader can see');
      return undefined;
    },
  });
  return found;
}

function holdsAlias(node: Node): boolean {
  let holds = false;
  visit(node, {
    Alias() {
      holds = true;
      return visit.BREAK;
    },
  });
  return holds;
}
