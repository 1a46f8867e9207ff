import { checkedNumbers } from '../../core/checked-numbers.js';
import { Libp2pError } from '../../core/errors.js';
import { show } from '../../core/show.js';
import type { HostOptions, NoServices } from '../../host/contract.js';
import type { SuiteRunner } from './runner.js';

const NUMBERS = {
  /** Carried each way at the same time, and each way alone, checksummed at both ends. */
  bytes: 8 * 1024 * 1024,
  /** Opened over one connection, each used and ended. */
  streams: 1_000,
  /** Of these, open at the same time. */
  streamsAtOnce: 200,
  /** Hosts that dial one listener at the same time. */
  dialers: 16,
  /** What a writer gets rid of at most while its reader takes nothing, over a stream. */
  heldBytes: 4 * 1024 * 1024,
  /** The same over a bare channel: the transport's queue, and what the system keeps in both ends' buffers. */
  heldChannelBytes: 16 * 1024 * 1024,
  /** How long anything small may take, ms. */
  patienceMs: 10_000,
  /** How long a check may take, ms. */
  timeoutMs: 60_000,
};
const OTHERS = ['listen', 'resetCodes', 'channels', 'hostOptions', 'openHandles', 'runner'] as const;

export type TransportSuiteOptions = { readonly [K in keyof typeof NUMBERS]?: number | undefined } & {
  /** The address that is listened on; left out, the first of the usual ones that the transport takes, on a free port. */
  readonly listen?: string | undefined;
  /** Whether a reset carries its number to the other side. True if left out. */
  readonly resetCodes?: boolean | undefined;
  /**
   * Whether the transport makes plain channels, which are then examined by themselves too. False for one that secures and
   * muxes itself, as QUIC does. True if left out.
   */
  readonly channels?: boolean | undefined;
  /** What the hosts are made of besides; noise and yamux if left out. */
  readonly hostOptions?: Omit<HostOptions<NoServices>, 'transports' | 'listen' | 'events'> | undefined;
  /** Counts what the platform holds; left out, Node's sockets, ports and pipes, and elsewhere nothing. */
  readonly openHandles?: (() => number) | undefined;
  /** Left out, the globals `describe` and `it`. */
  readonly runner?: SuiteRunner | undefined;
};
export type TransportSuiteSettings = typeof NUMBERS &
  Pick<TransportSuiteOptions, 'listen' | 'runner'> & {
    readonly resetCodes: boolean;
    readonly channels: boolean;
    readonly hostOptions: NonNullable<TransportSuiteOptions['hostOptions']>;
    readonly openHandles: () => number;
  };

/** Throws ERR_INVALID_OPTION. */
export function checkedTransportOptions(options: TransportSuiteOptions): TransportSuiteSettings {
  const { listen, resetCodes = true, channels = true, hostOptions = {}, openHandles, runner } = options;
  for (const [name, value] of Object.entries({ resetCodes, channels }))
    if (typeof value !== 'boolean')
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `transportSuite: ${name} is ${show(value)}; it takes true or false`,
      );
  return {
    ...checkedNumbers('transportSuite', NUMBERS, options, OTHERS),
    listen,
    resetCodes,
    channels,
    hostOptions,
    openHandles: openHandles ?? handlesOfNode,
    runner,
  };
}

interface NodeProcess {
  getActiveResourcesInfo?(): string[];
}

function handlesOfNode(): number {
  // Node's own, where there is a Node.
  const { process } = globalThis as { process?: NodeProcess };
  const handles = process?.getActiveResourcesInfo?.() ?? [];
  return handles.filter((name) => /TCP|UDP|Pipe(?!Connect)|TLS/.test(name)).length;
}
