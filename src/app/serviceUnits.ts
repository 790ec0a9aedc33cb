/** What a service runs: one worker of one workspace. All paths are absolute. */
export interface ServiceOrder {
  /** `outreach-acme` */
  readonly name: string;
  readonly workspace: string;
  readonly node: string;
  /** The script that Node runs. */
  readonly program: string;
  readonly envFile: string | undefined;
  /** Settings, never secrets: everybody on the machine may read these files. */
  readonly environment: Readonly<Record<string, string>>;
  readonly credentials: readonly { readonly name: string; readonly path: string }[];
  /** The account of a system service; undefined for a service of the user's own. */
  readonly account: string | undefined;
  /** Where launchd and cron, which keep no log, write what the worker says. */
  readonly log: string;
}

/** Above the 27 s in which a stopped worker finishes or cuts what is on the wire. */
const STOP_SECONDS = 60;
/** A wrong configuration does not mend itself at once, and pace stands in the database: nothing is late for it. */
const RESTART_SECONDS = 30;
/** A worker of cron ends as the next one begins; two at once are safe. */
const CRON_MINUTES = 5;

/** Needs neither namespaces nor capabilities, so that it holds in a user's own manager too. V8 writes code that it runs: no MemoryDenyWriteExecute. */
const CONFINED = [
  'UMask=0077',
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RestrictNamespaces=yes',
  'SystemCallArchitectures=native',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
];

/** The workspace may be in /home, /srv or /tmp, so these are left as they are. */
const CONFINED_SYSTEM = [
  'ProtectSystem=full',
  'PrivateDevices=yes',
  'ProtectKernelTunables=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelLogs=yes',
  'ProtectControlGroups=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'CapabilityBoundingSet=',
];

const MADE_BY = 'Made by: outreach service install. Running that again overwrites it.';

/** A unit for systemd 247 and later (man systemd.service, systemd.exec). */
export function systemdUnit(order: ServiceOrder): string {
  const { account } = order;
  const system = account !== undefined;
  const [program = '', ...parameters] = workerCommand(order);
  // systemd takes no path with quotes or backslashes in it for a program's own.
  const run = /["'\\]/.test(program) ? ['/usr/bin/env', systemdWord(program)] : [systemdWord(program, false)];
  return lines([
    `# ${MADE_BY}`,
    '[Unit]',
    `Description=outreach worker of ${systemdText(order.workspace)}`,
    ...(system ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=exec',
    ...(system ? [`User=${account}`] : []),
    systemdWorkspace(order.workspace),
    `ExecStart=${[...run, ...parameters.map((word) => systemdWord(word))].join(' ')}`,
    '# The worker reads outreach.yaml again; mails on the wire are not disturbed.',
    'ExecReload=kill -HUP $MAINPID',
    ...Object.entries(order.environment).map(([key, value]) => `Environment=${systemdWord(`${key}=${value}`, false)}`),
    ...order.credentials.map(({ name, path }) => `LoadCredential=${name}:${systemdText(path)}`),
    'Restart=on-failure',
    `RestartSec=${RESTART_SECONDS}`,
    '# Only a worker that has not begun yet ends by SIGHUP, which counts as no failure.',
    'RestartForceExitStatus=SIGHUP',
    'SuccessExitStatus=3 4',
    `TimeoutStopSec=${STOP_SECONDS}`,
    'KillMode=mixed',
    ...CONFINED,
    ...(system ? CONFINED_SYSTEM : []),
    '',
    '[Install]',
    `WantedBy=${system ? 'multi-user.target' : 'default.target'}`,
  ]);
}

/** The line of a unit that says whose it is. */
export function systemdWorkspace(workspace: string): string {
  // At the end of a line a backslash or a space would not be part of the path.
  return `WorkingDirectory=${systemdText(workspace)}${/[\\\s]$/.test(workspace) ? '/' : ''}`;
}

/** `local.outreach-acme` */
export function launchdLabel(name: string): string {
  return `local.${name}`;
}

/** A property list for launchd (man launchd.plist). */
export function launchdPlist(order: ServiceOrder): string {
  const variables = Object.entries(order.environment);
  return lines([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${MADE_BY} -->`,
    '<plist version="1.0">',
    '<dict>',
    `  <key>Label</key><string>${xml(launchdLabel(order.name))}</string>`,
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...workerCommand(order).map((word) => `    <string>${xml(word)}</string>`),
    '  </array>',
    `  ${launchdWorkspace(order.workspace)}`,
    ...(variables.length === 0
      ? []
      : [
          '  <key>EnvironmentVariables</key>',
          '  <dict>',
          ...variables.map(([key, value]) => `    <key>${xml(key)}</key><string>${xml(value)}</string>`),
          '  </dict>',
        ]),
    ...(order.account === undefined ? [] : [`  <key>UserName</key><string>${xml(order.account)}</string>`]),
    '  <key>RunAtLoad</key><true/>',
    '  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>',
    `  <key>ThrottleInterval</key><integer>${RESTART_SECONDS}</integer>`,
    `  <key>ExitTimeOut</key><integer>${STOP_SECONDS}</integer>`,
    '  <key>ProcessType</key><string>Background</string>',
    `  <key>Umask</key><integer>${0o077}</integer>`,
    `  <key>StandardOutPath</key><string>${xml(order.log)}</string>`,
    `  <key>StandardErrorPath</key><string>${xml(order.log)}</string>`,
    '</dict>',
    '</plist>',
  ]);
}

/** The line of a property list that says whose it is. */
export function launchdWorkspace(workspace: string): string {
  return `<key>WorkingDirectory</key><string>${xml(workspace)}</string>`;
}

/** One line of a crontab (man 5 crontab); with an account, of a file in /etc/cron.d. */
export function cronLine(order: ServiceOrder): string {
  const variables = Object.entries(order.environment).map(([key, value]) => `${key}=${cronWord(value)}`);
  const command = workerCommand(order, ['--for', `${CRON_MINUTES}m`]).map(cronWord);
  const account = order.account === undefined ? [] : [order.account];
  return [`*/${CRON_MINUTES} * * * *`, ...account, 'umask 077;', ...variables, ...command, '>>', cronWord(order.log), '2>&1'].join(' ');
}

/** A file of /etc/cron.d. */
export function cronFile(order: ServiceOrder): string {
  return lines([`# ${MADE_BY}`, cronLine(order)]);
}

/** The words of a cron line that say whose it is. */
export function cronWorkspace(workspace: string): string {
  return ` --workspace ${cronWord(workspace)} `;
}

/** Lines of a crontab; what stands between them is the service's own. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

export function cronMarkers(name: string): Markers {
  return { begin: `# ${name}: begin`, end: `# ${name}: end` };
}

/** What stands between the markers, they included; null when only one of them is there, or they are there twice. */
export function blockIn(text: string, { begin, end }: Markers): { readonly from: number; readonly to: number } | undefined | null {
  const all = text.split('\n');
  const [from, ...more] = all.flatMap((line, at) => (line.trimEnd() === begin ? [at] : []));
  const [to, ...ends] = all.flatMap((line, at) => (line.trimEnd() === end ? [at] : []));
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined || to < from || more.length > 0 || ends.length > 0) return null;
  return { from, to };
}

/** The text with this line between the markers, in the place where it was before; every other line stays as it is. */
export function withBlock(text: string, markers: Markers, line: string): string {
  const block = blockIn(text, markers);
  const written = [markers.begin, `# ${MADE_BY}`, line, markers.end];
  if (block === undefined || block === null) return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${lines(written)}`;
  const all = text.split('\n');
  return all.toSpliced(block.from, block.to - block.from + 1, ...written).join('\n');
}

export function withoutBlock(text: string, markers: Markers): string {
  const block = blockIn(text, markers);
  if (block === undefined || block === null) return text;
  return text
    .split('\n')
    .toSpliced(block.from, block.to - block.from + 1)
    .join('\n');
}

/** The two dashes keep Node from taking --env-file for itself. */
function workerCommand({ node, program, workspace, envFile }: ServiceOrder, ending: readonly string[] = []): string[] {
  return [node, '--', program, 'worker', ...ending, '--workspace', workspace, ...(envFile === undefined ? [] : ['--env-file', envFile])];
}

/** A word as systemd splits them; `$` is doubled where variables are put in (not in a program's own path, nor in Environment=). */
function systemdWord(word: string, variables = true): string {
  const escaped = systemdText(variables ? word.replaceAll('$', '$$$$') : word);
  return /^[\w./:=@%$+,-]+$/.test(escaped) ? escaped : `"${escaped.replace(/["\\]/g, '\\$&')}"`;
}

/** Where nothing is unquoted, but specifiers are put in. */
function systemdText(text: string): string {
  return text.replaceAll('%', '%%');
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Cron makes a line break of a bare %, and takes the backslash away from \%: outside the quotes the shell reads both alike. */
function cronWord(word: string): string {
  if (/^[\w./:=@+,-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''").replaceAll('%', "'\\%'")}'`;
}

function lines(of: readonly string[]): string {
  return `${of.join('\n')}\n`;
}
