/** The metrics that events can fill, by go-libp2p's names: made in a registry, or found there. @source swarm sheet, MET-2 to MET-40 */
import { Counter, Gauge, Histogram, type OpenMetricsContentType, type Registry } from 'prom-client';
import { Libp2pError } from '../core/errors.js';
import { show } from '../core/show.js';

/** A registry of `prom-client`, of either text format. */
export type MetricsRegistry = Registry | Registry<OpenMetricsContentType>;

const CONNECTION = ['dir', 'transport', 'security', 'muxer', 'early_muxer', 'ip_version'] as const;
const HANDSHAKE = ['transport', 'security', 'muxer', 'early_muxer', 'ip_version'] as const;
const DIAL = ['outcome', 'num_dials'] as const;

const exponential = (start: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => start * factor ** at);
const linear = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, at) => from + at * step);

/** @source MET-5 */
const DURATION_BUCKETS = exponential(1 / 16, 2, 25);
/** @source MET-7 */
const HANDSHAKE_BUCKETS = exponential(0.001, 1.3, 35);
/** @source MET-9, MET-10 */
const DIAL_BUCKETS = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2];
/** @source MET-31 */
const PEER_BUCKETS = [...linear(1, 10, 1), 16, 32, 64, 128, 256];
/** @source MET-25 */
const COUNT_BUCKETS = [...linear(1, 20, 1), ...linear(25, 100, 5)];

export type Collectors = ReturnType<typeof collectorsIn>;

/** Throws ERR_INVALID_OPTION for what is no registry, or one that has another metric by one of these names. */
export function collectorsIn(registry: MetricsRegistry) {
  const make = makerFor(registry);
  return {
    ...connectionCollectors(make),
    ...dialCollectors(make),
    ...identifyCollectors(make),
    ...resourceCollectors(make),
    eventsEmitted: make.counter('eventbus_events_emitted_total', 'Events by their kind', ['event']),
  };
}

type Maker = ReturnType<typeof makerFor>;

function connectionCollectors({ counter, histogram }: Maker) {
  return {
    opened: counter('swarm_connections_opened_total', 'Connections opened', CONNECTION),
    keyTypes: counter('swarm_key_types_total', 'Remote key types', ['dir', 'key_type']),
    closed: counter('swarm_connections_closed_total', 'Connections closed', CONNECTION),
    duration: histogram(
      'swarm_connection_duration_seconds',
      'How long connections were open',
      CONNECTION,
      DURATION_BUCKETS,
    ),
    handshake: histogram(
      'swarm_handshake_latency_seconds',
      'From the start of a dial to its connection',
      HANDSHAKE,
      HANDSHAKE_BUCKETS,
    ),
  };
}

function dialCollectors({ counter, gauge, histogram }: Maker) {
  return {
    dialErrors: counter('swarm_dial_errors_total', 'Addresses that could not be dialed', [
      'transport',
      'error',
      'ip_version',
    ]),
    dials: counter('swarm_dials_per_peer_total', 'Dials of peers, by the addresses tried', DIAL),
    dialLatency: histogram('swarm_dial_latency_seconds', 'How long dials of peers took', DIAL, DIAL_BUCKETS),
    rankingDelay: histogram(
      'swarm_dial_ranking_delay_seconds',
      'How long the address that connected first was held back',
      [],
      DIAL_BUCKETS,
    ),
    blackHoleState: gauge('swarm_black_hole_filter_state', '0 probing, 1 allowed, 2 blocked', ['name']),
    blackHoleFraction: gauge(
      'swarm_black_hole_filter_success_fraction',
      'Of the last dials, those that succeeded',
      ['name'],
    ),
  };
}

function identifyCollectors({ counter, gauge, histogram }: Maker) {
  return {
    pushesTriggered: counter('identify_identify_pushes_triggered_total', 'Changes to tell', ['trigger']),
    identify: counter('identify_identify_total', 'Identify exchanges', ['dir']),
    identifyPush: counter('identify_identify_push_total', 'Identify pushes', ['dir']),
    pushSupport: counter('identify_conn_push_support_total', 'Connections whose remote takes pushes', [
      'support',
    ]),
    protocolsSent: gauge('identify_protocols_count', 'Protocols that are told', []),
    addrsSent: gauge('identify_addrs_count', 'Addresses that are told', []),
    protocolsReceived: histogram(
      'identify_protocols_received',
      'Protocols that a remote told',
      [],
      COUNT_BUCKETS,
    ),
    addrsReceived: histogram('identify_addrs_received', 'Addresses that a remote told', [], COUNT_BUCKETS),
  };
}

function resourceCollectors({ gauge, histogram }: Maker) {
  const peers = (what: string, help: string) => histogram(`rcmgr_${what}`, help, ['dir'], PEER_BUCKETS);
  return {
    blocked: gauge('rcmgr_blocked_resources', 'Resource requests that a limit refused', [
      'dir',
      'scope',
      'resource',
    ]),
    connections: gauge('rcmgr_connections', 'Open connections', ['dir', 'scope']),
    peerConnections: peers('peer_connections', 'Connections that a peer has, as they change'),
    previousPeerConnections: peers('previous_peer_connections', 'Connections that a peer had before'),
    streams: gauge('rcmgr_streams', 'Open streams', ['dir', 'scope', 'protocol']),
    peerStreams: peers('peer_streams', 'Streams that a peer has, as they change'),
    previousPeerStreams: peers('previous_peer_streams', 'Streams that a peer had before'),
    descriptors: gauge('rcmgr_fds', 'Descriptors that connections use', ['scope']),
  };
}

/** Several hosts may fill one registry: what is there already is used. */
function makerFor(registry: MetricsRegistry) {
  const registers = [registry];
  // Whoever does not use types can pass anything.
  if (typeof (registry as Partial<MetricsRegistry> | undefined)?.getSingleMetric !== 'function')
    throw invalid(`${show(registry)} is no Registry of prom-client`);
  function found<C>(kind: new (...args: never[]) => C, name: string): C | undefined {
    const known: unknown = registry.getSingleMetric(name);
    if (known === undefined || known instanceof kind) return known;
    throw invalid(`the registry has another metric ${name}`);
  }
  return {
    counter: <T extends string>(name: string, help: string, labelNames: readonly T[]) => {
      const metric = { name: `libp2p_${name}`, help, labelNames, registers };
      return found<Counter<T>>(Counter, metric.name) ?? new Counter<T>(metric);
    },
    gauge: <T extends string>(name: string, help: string, labelNames: readonly T[]) => {
      const metric = { name: `libp2p_${name}`, help, labelNames, registers };
      return found<Gauge<T>>(Gauge, metric.name) ?? new Gauge<T>(metric);
    },
    histogram: <T extends string>(
      name: string,
      help: string,
      labelNames: readonly T[],
      buckets: number[],
    ) => {
      const metric = { name: `libp2p_${name}`, help, labelNames, buckets, registers };
      return found<Histogram<T>>(Histogram, metric.name) ?? new Histogram<T>(metric);
    },
  };
}

function invalid(what: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `prometheusMetrics: ${what}`);
}
