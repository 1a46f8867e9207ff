/** Limits of a host, and the scopes that enforce them. @source go-libp2p resource manager (RM-1 to RM-12) */
export interface ScopeLimits {
  memoryBytes?: number | undefined;
  connections?: number | undefined;
  inboundConnections?: number | undefined;
  outboundConnections?: number | undefined;
  streams?: number | undefined;
  inboundStreams?: number | undefined;
  outboundStreams?: number | undefined;
  descriptors?: number | undefined;
}
export interface ResourceLimits {
  system?: ScopeLimits | undefined;
  transient?: ScopeLimits | undefined;
  connection?: ScopeLimits | undefined;
  stream?: ScopeLimits | undefined;
  peer?: ScopeLimits | undefined;
  peers?: Readonly<Record<string, ScopeLimits>> | undefined;
  protocol?: ScopeLimits | undefined;
  protocols?: Readonly<Record<string, ScopeLimits>> | undefined;
  service?: ScopeLimits | undefined;
  services?: Readonly<Record<string, ScopeLimits>> | undefined;
}
type Direction = 'inbound' | 'outbound';

/** What something takes; all of it is given back by `done`, once. */
export interface Scope {
  /** Throws a `LimitError`. */
  reserveMemory(byteLength: number): void;
  releaseMemory(byteLength: number): void;
  done(): void;
}
export interface StreamScope extends Scope {
  /** From transient to the protocol's. Throws a `LimitError`. */
  setProtocol(protocol: string): void;
}
export interface ConnectionScope extends Scope {
  /** From transient to the peer's. Throws a `LimitError`. */
  setPeer(peer: string): void;
  /** Throws a `LimitError`. */
  openStream(direction: Direction): StreamScope;
}
export interface ResourceManager {
  /** Throws a `LimitError`. `host` is the remote's IP address, where there is one. */
  openConnection(
    direction: Direction,
    facts: { readonly host: string | undefined; readonly usesDescriptor: boolean },
  ): ConnectionScope;
}
