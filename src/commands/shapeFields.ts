import * as z from 'zod';
import { MESSAGE_STATES } from '../domain/message.ts';

/** What the fields of `--json` are made of, whatever command prints them. */

export const count = z.int().min(0);
export const id = z.int().min(1);
export const time = z.iso.datetime();
export const usd = z.number().min(0);
export const state = z.enum(MESSAGE_STATES);
export const states = z
  .strictObject(Object.fromEntries(MESSAGE_STATES.map((name) => [name, count])))
  .describe('how many mails are in each state');
export const sendMode = z.enum(['immediate', 'scheduled', 'drip']);
