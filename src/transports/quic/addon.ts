/**
 * The native QUIC of `@chainsafe/libp2p-quic`, loaded without that package's own JavaScript, which reads without
 * back-pressure. Only the platform package is loaded: one CommonJS addon without dependencies. @source ADR 8
 */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { asError, Libp2pError } from '../../core/errors.js';

/** Every call that returns a promise rejects with an `Error` whose text says why; that is all there is. */
export interface NativeStream {
  /** Its number among the streams of its opener. Throws while a write is under way. */
  id(): string;
  /** Resolves with what there is, once there is something, and with null at the end. One at a time. */
  read(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Resolves when all was taken, which flow control decides. One at a time: two may overtake each other. */
  write(bytes: Uint8Array): Promise<void>;
  /** Waits for the write that is under way; so does `resetWrite`, and `stopRead` for the read. */
  finishWrite(): Promise<void>;
  resetWrite(): Promise<void>;
  stopRead(): Promise<void>;
}
export interface NativeConnection {
  inboundStream(): Promise<NativeStream>;
  outboundStream(): Promise<NativeStream>;
  /** Closes at once, with code 0: what has not arrived is lost. */
  abort(): void;
  /** Settles when the connection is over, and does not say why. */
  closed(): Promise<void>;
  /** Ms, whole ones. */
  rtt(): number;
  /** With the `/p2p/` that the certificate has proven. */
  remoteMultiaddr(): string;
  stats(): { readonly frameTxStream: number };
}
export interface NativeServer {
  port(): number;
  /** The next connection whose handshake is done; takes one handshake at a time. */
  inboundConnection(): Promise<NativeConnection>;
  /** Closes the port and every connection that came through it. */
  abort(): Promise<void>;
}
export interface NativeClient {
  outboundConnection(host: string, port: number): Promise<NativeConnection>;
  /** Closes every connection and ends every dial. */
  abort(): void;
}
export interface NativeConfig {
  readonly privateKeyProto: Uint8Array;
  /** Read by nobody. */
  readonly handshakeTimeout: number;
  /** Releases behind 2.1.1 want it, earlier ones do not know it. */
  readonly shutdownTimeout: number;
  readonly maxIdleTimeout: number;
  readonly keepAliveInterval: number;
  readonly maxConcurrentStreamLimit: number;
  readonly maxStreamData: number;
  readonly maxConnectionData: number;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
}
/** What a config is made into; nothing of it can be read. */
export type NativeSettings = object;
export interface QuicAddon {
  readonly QuinnConfig: new (config: NativeConfig) => NativeSettings;
  readonly Server: new (settings: NativeSettings, host: string, port: number) => NativeServer;
  /** `family` is 0 for IPv4, 1 for IPv6. */
  readonly Client: new (settings: NativeSettings, family: 0 | 1) => NativeClient;
}

const PACKAGE = '@chainsafe/libp2p-quic';
/** Where there are two, only that of the system's C library is installed, and only that loads. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = { linux: ['-gnu', '-musl'], win32: ['-msvc'] };

/** How modules are looked for; others, in tests. */
export interface AddonSource {
  readonly platform: string;
  readonly arch: string;
  readonly require: Requirer;
}
/** What of Node's `require` is used; its own type would ask whoever uses this package for Node's types. */
interface Requirer {
  (id: string): unknown;
  readonly resolve: { paths(id: string): string[] | null };
}
const SYSTEM: AddonSource = {
  platform: process.platform,
  arch: process.arch,
  require: createRequire(import.meta.url),
};

let loaded: QuicAddon | undefined;

/** Throws ERR_ADDR_UNSUPPORTED, which says what to install. */
export function loadAddon(source: AddonSource = SYSTEM): QuicAddon {
  if (source === SYSTEM && loaded !== undefined) return loaded;
  const { platform, arch } = source;
  const names = (LIBRARIES[platform] ?? ['']).map((library) => `${PACKAGE}-${platform}-${arch}${library}`);
  const causes: Error[] = [];
  for (const require of requirers(source))
    for (const name of names) {
      try {
        const addon = checked(require(name), name);
        if (source === SYSTEM) loaded = addon;
        return addon;
      } catch (error) {
        causes.push(asError(error));
      }
    }
  throw missing(names, causes);
}

/** Whether QUIC can be had here. */
export function hasAddon(source: AddonSource = SYSTEM): boolean {
  try {
    loadAddon(source);
    return true;
  } catch {
    return false;
  }
}

/** Ours, and where package managers keep packages apart, that of the package whose dependency the addon is. */
function requirers({ require }: AddonSource): ((id: string) => unknown)[] {
  const homes = (require.resolve.paths(PACKAGE) ?? [])
    .map((folder) => join(folder, PACKAGE, 'package.json'))
    .filter((manifest) => existsSync(manifest))
    .map((manifest) => createRequire(realpathSync(manifest)));
  return [require, ...homes];
}

function checked(exports: unknown, name: string): QuicAddon {
  const classes = ['QuinnConfig', 'Server', 'Client'];
  const has = (key: string): boolean =>
    typeof exports === 'object' && exports !== null && typeof Reflect.get(exports, key) === 'function';
  if (!classes.every(has)) throw new Error(`${name} is not the addon that this release knows`);
  // The three classes are there; what they can do is a matter of their version.
  return exports as QuicAddon;
}

function missing(names: readonly string[], causes: readonly Error[]): Libp2pError {
  // An addon that is there and does not load says more than one that is not.
  const cause = causes.find((error) => !('code' in error && error.code === 'MODULE_NOT_FOUND')) ?? causes[0];
  const why = cause === undefined ? '' : ` (${cause.message.split('\n')[0] ?? ''})`;
  return new Libp2pError(
    'ERR_ADDR_UNSUPPORTED',
    'local',
    `quic: the native addon is not here: npm install ${PACKAGE}, which brings ${names.join(' or ')} where one is built for this system${why}`,
    { cause },
  );
}
