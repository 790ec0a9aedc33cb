/** Other programs see of the environment what they need, and no secret: those stand in variables of any name. */
const PASSED_ON = [
  ...[
    'PATH',
    'HOME',
    'USER',
    'LOGNAME',
    'SHELL',
    'TERM',
    'TZ',
    'TMPDIR',
    'LANG',
    'LANGUAGE',
    'LC_ALL',
    'LC_CTYPE',
    'LC_MESSAGES',
    'LC_TIME',
  ],
  // systemctl, journalctl and what speaks the Secret Service find their session by these.
  ...['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY'],
  // Windows starts no program without the first.
  ...['SYSTEMROOT', 'WINDIR', 'COMSPEC', 'PATHEXT', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'TEMP', 'TMP'],
];

/** The part of an environment that other programs see. */
export function environmentForOthers(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = (name: string) => PASSED_ON.includes(name.toUpperCase());
  return Object.fromEntries(Object.entries(env).filter(([name]) => passed(name)));
}

interface Order {
  readonly env: NodeJS.ProcessEnv;
  readonly input?: Buffer;
  /** For its end, in ms. */
  readonly limitMs: number;
}

/** What became of a program: `error` where it could not be started, or took too long. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly error: NodeJS.ErrnoException | undefined;
}

/** Runs another program to its end. */
export function runProgram(program: string, parameters: readonly string[], { env, input, limitMs }: Order): Ended {
  const { status, stdout, stderr, error } = childProcesses().spawnSync(program, parameters, {
    env: environmentForOthers(env),
    input: input ?? Buffer.alloc(0),
    timeout: limitMs,
    windowsHide: true,
  });
  return { code: status, stdout: stdout ?? Buffer.alloc(0), stderr: stderr ?? Buffer.alloc(0), error };
}

/** Starts a program that goes on by itself, such as a browser; false where there is none of that name. */
export function startProgram(program: string, parameters: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = childProcesses().spawn(program, parameters, {
      env: environmentForOthers(env),
      stdio: 'ignore',
      detached: true,
      windowsHide: true,
    });
    child.once('error', () => resolve(false)).once('spawn', () => resolve(true));
    child.unref();
  });
}

/** Runs a script in a Node of its own; resolves to what it wrote, or to undefined when it took too long. */
export function runScript(script: string, { env, input, limitMs }: Order): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = childProcesses().spawn(process.execPath, ['-e', script], {
      env: environmentForOthers(env),
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    let output = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(undefined);
    }, limitMs);
    const end = () => {
      clearTimeout(timer);
      resolve(output);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.on('error', end).on('close', end);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Loaded when it is needed: it takes 5 ms, and most commands start no program. */
function childProcesses() {
  return process.getBuiltinModule('node:child_process');
}
