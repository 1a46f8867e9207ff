/** Imports go down the layers, or sideways within one, and never in a circle. @see docs/architecture.md */
const LAYERS = [
  'host',
  'services',
  'swarm',
  'connection',
  'stream',
  'peerstore',
  'protocols',
  'promises',
  'rx',
  'draw',
  'resources',
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
      to: { path: '^src/(host|services|swarm|connection|stream|peerstore|protocols|promises|testing)/' },
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
      name: 'subscribers-know-only-events',
      comment: 'Metrics and logs are made of events, as anybody else could make them.',
      severity: 'error',
      from: { path: '^src/(metrics|logging)/' },
      to: { path: '^src/(?!metrics/|logging/|core/)' },
    },
    {
      name: 'limits-know-only-core',
      comment: 'Who may take what is decided at once: values in, an answer out.',
      severity: 'error',
      from: { path: '^src/resources/' },
      to: { path: '^(src/(?!resources/|core/)|node_modules/(?!@multiformats/multiaddr/))' },
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
        path: '(-machine|codec|-codec|/frame|-message|identify/(identity|snapshot|addr-score|addr-filter|push-limits)|dial-(ranker|filters|queue|state|turn|plans|results|failures)|backoff|black-hole|best-connection|resolvable|prune-order|tagged-peers|decay-rules|redial-pace|ip-rules)\\.ts$',
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
      from: { path: '^src/(index|websocket)\\.browser\\.ts$' },
      to: {
        path: '^src/(transports/(tcp|socket-duplex|bound-hosts|accept-sockets|tls/.*|quic/addon|websocket/(websocket|dial|listen|front|port))|platform/node-lookup)\\.ts$',
        reachable: true,
      },
    },
    {
      name: 'optional-peers-stay-behind-their-doors',
      severity: 'error',
      from: { path: '^src/index(\\.browser)?\\.ts$' },
      to: { path: 'node_modules/(interface-datastore|prom-client)/', reachable: true },
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
      // An optional peer is installed for the tests as well.
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'generated-is-internal',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(core|peerstore|protocols|generated)/' },
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
