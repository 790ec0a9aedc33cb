/** The rooms of src/README.md: what each may import, and where the offender belongs instead. */
const ROOMS = {
  domain: { may: [], advice: 'domain is pure: pass clocks, randomness and data in, and keep effects in a room above.' },
  files: {
    may: ['domain'],
    advice: 'files opens, reads and writes what the program keeps. What is in a file is the business of who asks.',
  },
  store: {
    may: ['domain', 'files'],
    advice: 'store knows SQL and the domain. Decisions that need files, mail or CSV belong into pipeline.',
  },
  http: { may: ['domain'], advice: 'http is the one way out over HTTP: what an answer means belongs into mail, llm or app.' },
  spawn: { may: [], advice: 'spawn starts other programs and chooses what they see. What their answers mean belongs to whoever asks.' },
  mail: {
    may: ['domain', 'files', 'http'],
    advice: 'mail is a leaf: what two adapters share belongs into domain, what combines them into pipeline or app.',
  },
  oauth: {
    may: ['domain', 'http'],
    advice: 'oauth is a leaf: it gets and renews tokens. Where a grant is kept, and whose it is, belongs into app.',
  },
  llm: {
    may: ['domain', 'files', 'http'],
    advice: 'llm is a leaf: what two adapters share belongs into domain, what combines them into pipeline or app.',
  },
  csv: { may: ['domain', 'files'], advice: 'csv is a leaf: it turns bytes into rows. Storing them belongs into pipeline/importLeads.ts.' },
  config: {
    may: ['domain', 'files', 'spawn'],
    advice: 'config is a leaf: it reads and checks files. Building things from them belongs into app.',
  },
  license: { may: ['domain', 'files'], advice: 'license is a leaf.' },
  secrets: {
    may: ['domain', 'files', 'spawn'],
    advice: 'secrets is a leaf: it keeps and finds secrets. Which one is for whom belongs into app.',
  },
  terminal: { may: ['domain', 'files'], advice: 'terminal is a leaf: it prints what it is given.' },
  queue: { may: ['domain', 'store'], advice: 'queue wakes workers; content and rules stay in store and pipeline.' },
  pipeline: {
    may: ['domain', 'files', 'store', 'csv', 'queue/queue.ts', 'mail/mailer.ts', 'llm/writer.ts', 'llm/provider.ts'],
    advice: 'pipeline knows interfaces, not adapters: take a Mailer, Writer or Queue as a dependency and let app choose it.',
  },
  worker: {
    may: ['domain', 'store', 'pipeline', 'queue/queue.ts', 'terminal'],
    advice: 'worker is life cycle: building adapters belongs into app, rules into pipeline or domain.',
  },
  tui: {
    may: ['domain', 'store', 'pipeline', 'queue/queue.ts', 'terminal'],
    advice: 'tui shows what store/progress.ts reads; rules belong below.',
  },
  server: {
    may: ['domain', 'store', 'pipeline', 'queue/queue.ts', 'terminal'],
    advice: 'server shows what store/progress.ts reads; rules belong below.',
  },
  app: {
    may: [
      'domain',
      'files',
      'store',
      'http',
      'mail',
      'oauth',
      'llm',
      'csv',
      'config',
      'license',
      'secrets',
      'spawn',
      'terminal',
      'queue',
      'pipeline',
      'worker',
    ],
    advice: 'app composes; it knows no commands.',
  },
  demo: {
    may: ['domain', 'files', 'store', 'csv', 'config', 'terminal', 'pipeline', 'worker', 'app'],
    advice: 'demo plays the main job; what others need too does not belong into it.',
  },
  commands: {
    may: [
      'domain',
      'files',
      'store',
      'mail',
      'oauth',
      'llm',
      'csv',
      'config',
      'license',
      'secrets',
      'terminal',
      'queue',
      'pipeline',
      'worker',
      'app',
      'tui',
      'server',
      'demo',
    ],
    advice: 'commands parse, call one verb and print; nothing below may import them but cli.',
  },
  cli: {
    may: ['domain', 'files', 'store', 'terminal', 'commands'],
    advice: 'cli holds the command tree and exit codes; work belongs into commands.',
  },
};

const within = (room) => (room.endsWith('.ts') ? `^src/${room.replaceAll('.', '\\.')}$` : `^src/${room}/`);

module.exports = {
  forbidden: [
    ...Object.entries(ROOMS).map(([room, { may, advice }]) => ({
      name: `${room}-imports`,
      comment: `src/${room} may import ${may.length === 0 ? 'no other room' : may.join(', ')}. ${advice}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: {
        path: '^(src|migrations|test)/',
        pathNot: [`^src/${room}/`, ...may.map(within), ...(room === 'store' ? ['^migrations/index\\.ts$'] : [])],
      },
    })),
    {
      name: 'domain-libraries',
      comment: 'src/domain may use zod and small pure libraries; anything with effects belongs into a room above.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['npm', 'npm-dev'], pathNot: 'node_modules/(zod|liquidjs|validator|@types)' },
    },
    {
      name: 'domain-is-pure',
      comment: 'src/domain touches no disk, network or process: take what you need as a parameter.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|url|diagnostics_channel)$' },
    },
    {
      name: 'sql-only-in-store',
      comment: 'SQL and its libraries stay in src/store and migrations: write a function named after what it does there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'node_modules/(kysely|better-sqlite3)' },
    },
    {
      name: 'http-only-in-http',
      comment: 'Requests go out through src/http, which has the limits and the checks of certificates: use ask of http/client.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/' },
      to: { path: '^(node:)?(https?|http2|tls|undici)$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'programs-only-through-spawn',
      comment: 'Other programs are started through src/spawn, which chooses what they see of the environment.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/spawn/' },
      to: { path: '^(node:)?(child_process|worker_threads|cluster)$' },
    },
    {
      name: 'only-the-demo-command-imports-demo',
      comment: 'src/demo is for `outreach demo` alone.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(demo/|commands/demo\\.ts)' },
      to: { path: '^src/demo/' },
    },
    {
      name: 'migrations-are-frozen',
      comment: 'A migration must mean the same for ever, so it imports nothing of src.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^src/' },
    },
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one, or share a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-tests-in-src', comment: 'Test parts stay in test.', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
  ],
  options: {
    // What the build wrote is not looked into.
    doNotFollow: { path: ['node_modules', '^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js'],
    },
  },
};
