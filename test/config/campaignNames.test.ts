import { expect, test } from 'vitest';
import { campaignNames } from '../../src/config/campaignFolder.ts';
import { inspectWorkspace } from '../../src/config/inspect.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { CAMPAIGN, csv, Folder, outreach } from '../support/program.ts';

const MISNAMED = ['two words', '\u001b]52;c;eA==\u0007', 'a\u202eb', '-rf', '$(touch x)', 'größe', 'x'.repeat(101), "o'neil", 'a;b'];

test('a file whose name no command could be given safely is no campaign, and every check says so', async () => {
  const folder = new Folder();
  try {
    folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
    folder.write('campaigns/hello.md', CAMPAIGN);
    // What an editor or a Mac leaves is no campaign, and nothing to complain of.
    folder.write('campaigns/.hello.md', 'x');
    folder.write('leads.csv', csv(1));
    for (const name of MISNAMED) folder.write(`campaigns/${name}.md`, CAMPAIGN);
    expect(campaignNames(workspaceAt(folder.path))).toEqual(['hello']);
    const { troubles } = inspectWorkspace(workspaceAt(folder.path));
    expect(troubles.map(({ message }) => message)).toEqual(
      MISNAMED.map(() => expect.stringContaining('no campaign for its name: letters, digits, . _ and - only')),
    );
    for (const name of MISNAMED) {
      const { code, stderr } = await outreach(folder, ['import', 'leads.csv', '--campaign', name]);
      expect({ name, code }).toEqual({ name, code: 2 });
      expect(stderr).toMatch(/no campaign|needs a value|unknown option|argument missing/);
    }
  } finally {
    folder.remove();
  }
});
