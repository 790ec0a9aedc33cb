import type { Interviewed } from '../app/interviewed.ts';
import { type Answers, grantProviderOf, SENDER } from '../config/answers.ts';
import { oauthOfPreset, PRESET_NAMES, presetOfDomain, refusesPasswords } from '../config/presets.ts';
import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { clientIdTrouble, OAUTH_REGISTRIES } from '../domain/oauthProvider.ts';

/** What the flags of `init` say, as if a person had answered. */
export function fromFlags(flags: Answers): Interviewed {
  const answers = withClient(completed(flags));
  return { answers, secrets: [], logins: grantProviderOf(answers) === undefined ? [] : [SENDER] };
}

/** What a person should know who gave these flags; undefined: nothing. */
export function warningOf({ preset, clientId }: Answers): string | undefined {
  return preset !== undefined && refusesPasswords(preset) && clientId === undefined
    ? `the server of ${preset} refuses passwords; outreach.yaml shows what to write instead (or give --client-id)`
    : undefined;
}

/** With the preset that the address of --from tells. */
function completed(flags: Answers): Answers {
  if (flags.smtpHost !== undefined && flags.preset !== undefined)
    throw new OutreachError('usage', '--preset knows its host; give --preset or --smtp-host');
  if (flags.smtpHost !== undefined || flags.preset !== undefined) return flags;
  const address = parseAddress(flags.from ?? '');
  const domain = address.ok ? address.address.email.slice(address.address.email.lastIndexOf('@') + 1) : '';
  const preset = presetOfDomain(domain);
  if (preset !== undefined) return { ...flags, preset };
  if (flags.from !== undefined && address.ok) {
    throw new OutreachError('usage', `--from: nobody knows who sends mail for ${domain}; add --preset or --smtp-host`, {
      hint: `Presets: ${PRESET_NAMES.join(', ')}`,
    });
  }
  if (flags.from !== undefined && !address.ok) throw new OutreachError('usage', `--from: ${address.reason}`);
  if ((flags.smtpUser ?? flags.smtpPort) !== undefined)
    throw new OutreachError('usage', '--smtp-user and --smtp-port go with --smtp-host, or with --preset');
  return flags;
}

/** With the client's secret, where its provider gives one. */
function withClient(answers: Answers): Answers {
  const { clientId, tenant } = answers;
  if (clientId === undefined && tenant === undefined) return answers;
  const provider = answers.preset === undefined ? undefined : oauthOfPreset(answers.preset);
  if (provider === undefined) {
    const takers = PRESET_NAMES.filter((preset) => oauthOfPreset(preset) !== undefined);
    throw new OutreachError('usage', `--client-id and --tenant go with --preset ${takers.slice(0, -1).join(', ')} or ${takers.at(-1)}`);
  }
  if (clientId === undefined) throw new OutreachError('usage', '--tenant goes with --client-id; give both or neither');
  const trouble = clientIdTrouble(provider, clientId);
  if (trouble !== undefined) throw new OutreachError('usage', `--client-id: ${trouble}`);
  const { hasSecret } = OAUTH_REGISTRIES[provider];
  if (hasSecret && tenant !== undefined) throw new OutreachError('usage', '--tenant is for Microsoft alone; leave it out');
  return hasSecret ? { ...answers, clientSecret: 'env:OAUTH_CLIENT_SECRET' } : answers;
}
