import { openGrants } from '../../src/app/grants.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { refreshedTokens } from '../../src/oauth/accessTokens.ts';
import { clientOf } from '../../src/oauth/client.ts';

/** A process that works with one grant: gets a token, has it replaced as if a server had refused it, and again. Its last line is the token it ended with. */
const [root = '', tokenUrl = '', clientId = '', times = '1'] = process.argv.slice(2);
const client = clientOf('google', { client_id: clientId, token_url: tokenUrl }, { by: 'smtp', secret: undefined, insecure: false });
const store = openGrants(workspaceAt(root), process.env, 'main');
const tokens = refreshedTokens({
  client,
  store,
  mend: 'outreach login main',
  now: Date.now,
  uptime: () => performance.now(),
  warn: () => {},
});
process.stdout.write('begun\n');
let answer = await tokens.current();
for (let time = 0; time < Number(times); time++) {
  // What cannot be had now is asked for again, as a sender that has rested does.
  answer = answer.ok ? await tokens.instead(answer.token) : await tokens.current();
}
process.stdout.write(`${JSON.stringify(answer)}\n`);
