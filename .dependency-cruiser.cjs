/** Imports go down the layers, or sideways within one, and never in a circle. @see docs/architecture.md */
const LAYERS = [
  'host',
  'swarm',
  'connection',
  'stream',
  'protocols',
  'promises',
  'rx',
  'draw',
  'core',
  'crypto',
];
const up = LAYERS.slice(1).map((layer, at) => ({
  name: `${layer}-looks-down`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${LAYERS.slice(0, at + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    ...up,
    {
      name: 'the-edges-know-only-the-bottom',
      severity: 'error',
      from: { path: '^src/(transports|platform)/' },
      to: { path: '^src/(host|swarm|connection|stream|protocols|promises|testing)/' },
    },
    {
      name: 'only-the-roots-name-the-edges',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(transports|platform|testing)/|^src/host/create-host[^/]*$|^src/[^/]+$',
      },
      to: { path: '^src/(transports|platform)/' },
    },
    {
      name: 'drawings-know-only-core',
      comment: 'Text and pictures are made of events: values in, a string out.',
      severity: 'error',
      from: { path: '^src/draw/' },
      to: { path: '^(src/(?!draw/|core/)|node_modules/)' },
    },
    {
      name: 'core-waits-for-nothing',
      comment: 'Values and contracts: of RxJS only types.',
      severity: 'error',
      from: { path: '^src/(core|crypto)/' },
      to: { path: '^node_modules/rxjs', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-files',
      comment: 'The name is the promise: codecs, frames, messages and machines do not wait.',
      severity: 'error',
      from: {
        path: '(-machine|codec|-codec|/frame|-message|dial-(ranker|filters|queue|state|turn|plans|results|failures)|backoff|black-hole|best-connection|resolvable)\\.ts$',
      },
      to: { path: '^(node_modules/rxjs|src/rx/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'node-stays-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(transports|platform)/' },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'browsers-load-no-node',
      severity: 'error',
      from: { path: '^src/index\\.browser\\.ts$' },
      to: { path: '^src/(transports/(tcp|socket-duplex)|platform/node-lookup)\\.ts$', reachable: true },
    },
    {
      name: 'protocols-are-strangers',
      severity: 'error',
      from: { path: '^src/protocols/([^/]+)/' },
      to: { path: '^src/protocols/', pathNot: '^src/protocols/$1/' },
    },
    {
      name: 'no-dev-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'generated-is-internal',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(core|protocols|generated)/' },
      to: { path: '^src/generated/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
