import { plural } from '../terminal/output.ts';
import { approve, doubtAbout, pauseOrResume, reject, retry } from './act.ts';
import type { JobLine } from './board.ts';
import type { Dash } from './dash.ts';
import { isOpenToVerdict, markAll, questionOf, toggleMark, toJudge, VERDICT_KEYS } from './judging.ts';
import { type Picture, placeAt } from './views.ts';

/** A key by its name, or the character it makes. */
export type Key = string;

/** A press that follows at once was meant for what stood there before. */
const TWICE_MS = 400;

/** What keys do. What they act on is what the last picture showed, whatever has changed since. */
export class Keys {
  readonly #dash: Dash;
  #decidedAt = -Infinity;

  constructor(dash: Dash) {
    this.#dash = dash;
  }

  /** Whether anything is to be shown anew. */
  async press(key: Key): Promise<boolean> {
    const dash = this.#dash;
    if (dash.question !== undefined) await this.#answer(key);
    else if (dash.typing !== undefined) this.#type(key);
    else if (dash.help) dash.help = key === '?' ? false : !['escape', 'enter', 'left', 'q', 'h'].includes(key);
    else await this.#command(key);
    return !dash.left;
  }

  async #answer(key: Key): Promise<void> {
    const { question } = this.#dash;
    this.#dash.question = undefined;
    if (key === 'y' && question !== undefined) await this.#dash.act(question.yes);
  }

  #type(key: Key): void {
    const dash = this.#dash;
    const { place, typing = '' } = dash;
    if (key === 'enter' || key === 'escape') dash.typing = undefined;
    else if (key === 'backspace') dash.typing = typing.slice(0, -1);
    else if (key.length === 1) dash.typing = `${typing}${key}`;
    place.filter = key === 'escape' ? '' : (dash.typing ?? typing).trim();
    place.at = 0;
    place.chosen = undefined;
  }

  async #command(key: Key): Promise<void> {
    const dash = this.#dash;
    const { picture } = dash;
    if (dash.place.view === 'uncertain' && (key === ' ' || key === 'a')) return this.#mark(key, picture);
    const move = STEPS[key];
    if (move !== undefined) return this.#move(move, picture);
    if (this.#judges(key, picture)) return this.#judge(key, picture);
    switch (key) {
      case 'q':
        return dash.leave();
      case '?':
        dash.help = true;
        return;
      case '/':
        if (dash.place.view === 'jobs' || dash.place.view === 'job') dash.typing = dash.place.filter;
        return;
      case 'enter':
      case 'right':
      case 'l':
        return this.#enter();
      case 'escape':
      case 'left':
      case 'h':
      case 'backspace':
        if (dash.place.filter !== '' && key === 'escape') dash.place.filter = '';
        else dash.back();
        return;
      case 'v':
        if (dash.place.view !== 'review') dash.enter(placeAt('review'));
        return;
      case 'u':
        if (dash.place.view !== 'uncertain') dash.enter(placeAt('uncertain', dash.place.view === 'job' ? dash.place.id : 0));
        return;
      case 'p':
        return this.#pause(picture);
      case 'r':
        return this.#retry(picture);
      case 'a':
      case 'x':
        return this.#decide(key, picture);
    }
  }

  #move(step: Step, picture: Picture | undefined): void {
    const { place } = this.#dash;
    const page = Math.max(1, (picture?.layout.body ?? 10) - 6);
    const by = { up: -1, down: 1, pageup: -page, pagedown: page, home: -Infinity, end: Infinity }[step];
    // A mail has no length here: its face knows, and keeps the place inside.
    const last = place.view === 'message' ? 100_000 : place.view === 'jobs' ? picture?.board?.order.length : picture?.page?.length;
    place.at = Math.max(0, Math.min(place.at + by, (last ?? 1) - 1));
    place.chosen = undefined;
  }

  #enter(): void {
    const dash = this.#dash;
    const { view, chosen } = dash.place;
    if (chosen === undefined || view === 'message') return;
    dash.enter(placeAt(view === 'jobs' ? 'job' : 'message', chosen));
  }

  async #pause(picture: Picture | undefined): Promise<void> {
    const dash = this.#dash;
    const job = jobOf(picture);
    if (job === undefined) return dash.say('Choose a job to pause or resume it.');
    const change = () => dash.act((desk) => pauseOrResume(desk, job.job, dash.now()));
    const doubt = doubtAbout(job.job);
    if (doubt === undefined) return change();
    dash.question = {
      text: `Resume job ${job.job.id}? It was paused because ${doubt}.`,
      yes: (desk) => pauseOrResume(desk, job.job, dash.now()),
    };
  }

  /** A mark moves on to the next mail, so that several in a row are marked by one key. */
  async #mark(key: ' ' | 'a', picture: Picture | undefined): Promise<void> {
    const { place } = this.#dash;
    if (key === 'a') return this.#dash.act((desk) => markAll(desk, place));
    toggleMark(place);
    this.#move('down', picture);
  }

  /** In a list of uncertain mails, and on a mail whose end is for a person to say. */
  #judges(key: Key, picture: Picture | undefined): boolean {
    if (VERDICT_KEYS[key] === undefined || picture === undefined) return false;
    const { place, story } = picture;
    if (place.view === 'uncertain') return true;
    // A failed mail is retried by the key that sends an uncertain one again.
    const open = place.view === 'message' && story !== undefined && isOpenToVerdict(story);
    return open && (key !== 'r' || story?.summary.state !== 'failed');
  }

  async #judge(key: Key, picture: Picture | undefined): Promise<void> {
    const dash = this.#dash;
    const mails = toJudge(picture);
    const verdict = VERDICT_KEYS[key];
    const [first] = mails;
    if (first === undefined || verdict === undefined) return dash.say('Nothing is uncertain here.');
    if (picture?.place.marked.size === 0 && dash.now() - dash.replacedAt < TWICE_MS)
      return dash.say(`Message ${first.id} has just come to this place: look at it, and decide again.`);
    dash.question = questionOf(mails, verdict, () => dash.now());
  }

  #retry(picture: Picture | undefined): Promise<void> | undefined {
    const dash = this.#dash;
    const message = messageOf(picture);
    if (message !== undefined) {
      if (message.state === 'failed') return dash.act((desk) => retry(desk, { ids: [message.id] }, () => dash.now()));
      dash.say(`Message ${message.id} is ${message.state}: only failed mails are tried again.`);
      return undefined;
    }
    const job = jobOf(picture);
    if (job === undefined || job.counts.failed === 0) {
      dash.say(job === undefined ? 'Choose a job or a failed mail to try it again.' : `Job ${job.job.id} has no failed mails.`);
      return undefined;
    }
    dash.question = {
      text: `Try ${plural(job.counts.failed, 'failed mail')} of job ${job.job.id} again?`,
      yes: (desk) => retry(desk, { jobId: job.job.id }, () => dash.now()),
    };
    return undefined;
  }

  async #decide(key: 'a' | 'x', picture: Picture | undefined): Promise<void> {
    const dash = this.#dash;
    const summary = picture?.story?.summary;
    if (summary === undefined) return;
    const { id } = summary;
    if (dash.now() - dash.replacedAt < TWICE_MS) return dash.say(`Message ${id} has just come to this place: read it, and decide again.`);
    if (summary.state !== 'review') return dash.say(`Message ${id} is ${summary.state}: it does not wait for you.`);
    if (key === 'x') {
      dash.question = {
        text: `Reject message ${id}? Its lead gets no mail from this job.`,
        yes: (desk) => reject(desk, id, () => dash.now()),
      };
      return;
    }
    if (dash.now() - this.#decidedAt < TWICE_MS) return;
    await dash.act((desk) => approve(desk, id, picture?.story?.frozen ?? null, () => dash.now()));
    this.#decidedAt = dash.now();
  }
}

type Step = 'up' | 'down' | 'pageup' | 'pagedown' | 'home' | 'end';

const STEPS: Readonly<Record<Key, Step>> = {
  up: 'up',
  k: 'up',
  down: 'down',
  j: 'down',
  pageup: 'pageup',
  'ctrl-u': 'pageup',
  'ctrl-b': 'pageup',
  pagedown: 'pagedown',
  'ctrl-d': 'pagedown',
  'ctrl-f': 'pagedown',
  ' ': 'pagedown',
  home: 'home',
  g: 'home',
  end: 'end',
  G: 'end',
};

/** The chosen job, or the one whose mails are listed. */
function jobOf(picture: Picture | undefined): JobLine | undefined {
  if (picture?.place.view === 'job') return picture.job;
  return picture?.place.view === 'jobs' ? picture.board?.jobs.find(({ job }) => job.id === picture.place.chosen) : undefined;
}

/** The chosen or opened message that may be tried again. */
function messageOf(picture: Picture | undefined) {
  if (picture?.place.view === 'message') return picture.story?.summary;
  const message = picture?.place.view === 'job' ? picture.page?.rows.find(({ id }) => id === picture.place.chosen) : undefined;
  return message?.state === 'failed' ? message : undefined;
}
