import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { DATA_FOLDER, makeFolder, putFile } from '../files/ownFiles.ts';

/** Where everything of one consultant lives. All paths are absolute. */
export interface Workspace {
  readonly root: string;
  readonly configFile: string;
  readonly campaigns: string;
  /** `.outreach`: database, outbox and rejects, for this user's eyes only. */
  readonly data: string;
  readonly outbox: string;
  readonly rejects: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
}

export function workspaceAt(root: string): Workspace {
  const data = join(root, DATA_FOLDER);
  return {
    root,
    configFile: join(root, 'outreach.yaml'),
    campaigns: join(root, 'campaigns'),
    data,
    outbox: join(data, 'outbox'),
    rejects: join(data, 'rejects'),
  };
}

/** How a workspace was come by: named by a person, stood in, found above the folder they stand in, or the per-user default. */
type FoundBy = 'named' | 'here' | 'upward' | 'default';

export interface FoundWorkspace {
  readonly workspace: Workspace;
  readonly by: FoundBy;
  /** Folders between the one a person stands in and the workspace, innermost first: whoever can write to one can put another workspace there. */
  readonly passed: readonly string[];
}

/** There is none where a command could find one. */
export class NoWorkspace extends OutreachError {}

/** The first that holds: the flag, OUTREACH_WORKSPACE, the nearest outreach.yaml upward, the per-user default. Whether it may be used is asked in trust.ts. */
export function findWorkspace(flag: string | undefined, { cwd, env, platform }: Surroundings): FoundWorkspace {
  const named = flag ?? env.OUTREACH_WORKSPACE;
  if (named !== undefined && named !== '') {
    const workspace = workspaceAt(resolve(cwd, named));
    if (existsSync(workspace.configFile)) return { workspace, by: 'named', passed: [] };
    throw new OutreachError(
      'config',
      `${workspace.root} holds no outreach.yaml (named by ${flag === undefined ? 'OUTREACH_WORKSPACE' : '--workspace'})`,
      {
        hint: `Make it a workspace with: outreach init ${named}`,
      },
    );
  }
  const upward = nearestUpward(resolve(cwd), env.HOME ?? homedir());
  if (upward !== undefined) return upward;
  const workspace = userWorkspace({ cwd, env, platform });
  if (existsSync(workspace.configFile)) return { workspace, by: 'default', passed: [] };
  throw new NoWorkspace('config', `no workspace: there is no outreach.yaml in ${cwd} or above, nor in ${workspace.root}`, {
    hint: 'Make one here with: outreach init    or name one: --workspace DIR',
  });
}

/** The workspace used when none is named or near: the platform's own place for application data. */
export function userWorkspace({ env, platform }: Surroundings): Workspace {
  const home = env.HOME ?? homedir();
  if (platform === 'darwin') return workspaceAt(join(home, 'Library', 'Application Support', 'outreach'));
  if (platform === 'win32') return workspaceAt(join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'outreach'));
  return workspaceAt(join(baseFolder(env.XDG_DATA_HOME, join(home, '.local', 'share')), 'outreach'));
}

/** What an XDG variable names: one that is not absolute is ignored (https://specifications.freedesktop.org/basedir-spec/latest/). */
export function baseFolder(named: string | undefined, usual: string): string {
  return named !== undefined && isAbsolute(named) ? named : usual;
}

/** Makes the data folder, readable by this user alone and ignored by git. */
export function prepareData(workspace: Workspace): void {
  makeFolder(workspace.data);
  const ignore = join(workspace.data, '.gitignore');
  if (!existsSync(ignore)) putFile(ignore, '*\n');
}

/** Not beyond the home folder, and not into another file system, as one that was plugged in or mounted. */
function nearestUpward(from: string, home: string): FoundWorkspace | undefined {
  const passed: string[] = [];
  const device = deviceOf(from);
  for (let folder = from; ; folder = dirname(folder)) {
    const workspace = workspaceAt(folder);
    if (existsSync(workspace.configFile)) return { workspace, by: folder === from ? 'here' : 'upward', passed };
    const above = dirname(folder);
    if (above === folder || isSameFolder(folder, home) || deviceOf(above) !== device) return undefined;
    passed.push(folder);
  }
}

function deviceOf(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.dev;
}

/** A path of the home folder may have symbolic links in it. */
function isSameFolder(one: string, other: string): boolean {
  if (one === resolve(other)) return true;
  const [there, wanted] = [statSync(one, { throwIfNoEntry: false }), statSync(other, { throwIfNoEntry: false })];
  return there !== undefined && there.ino === wanted?.ino && there.dev === wanted.dev;
}
