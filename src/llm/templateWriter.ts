import { renderBody, renderSubject } from '../domain/rendering.ts';
import type { Writer } from './writer.ts';

/** `generator: template`: subject and body are Liquid templates over the lead's fields. */
export function templateWriter(width: number): Writer {
  return {
    width: () => width,
    async write({ campaign, lead }) {
      const subject = renderSubject(campaign, lead);
      if (!subject.ok) return { kind: 'lead_failed', reason: subject.reason };
      const body = renderBody(campaign, lead);
      if (!body.ok) return { kind: 'lead_failed', reason: body.reason };
      return { kind: 'written', subject: subject.text, text: body.text };
    },
  };
}
