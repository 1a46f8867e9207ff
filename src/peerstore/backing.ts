/** Where a store keeps what it knows beyond its process. */
import { EMPTY, type Observable } from 'rxjs';

export interface Backing {
  /** The clocks are there: what is stored may be read. */
  begin(): void;
  /** This peer is not what was written of it last. */
  changed(peer: string): void;
  /** Of this peer something was taken away, whatever is still to be read: see `tombstone`. */
  forgotten(peer: string, what: string): void;
  /** Completes when what was stored is there; errors with ERR_STORE or ERR_TIMEOUT. */
  ready(): Observable<never>;
  /** Completes when what has changed so far is stored; errors with ERR_STORE or ERR_TIMEOUT. */
  flush(): Observable<never>;
  /** Flushes as far as it can in time, and stops. Never errors. */
  close(): Observable<never>;
}

/** What `forgotten` is called with: a peer, or a part of it. */
export const tombstone = {
  peer: (peer: string): string => peer,
  addrs: (peer: string): string => `${peer} addrs`,
  metadata: (peer: string, key: string): string => `${peer} metadata ${key}`,
  tag: (peer: string, name: string): string => `${peer} tag ${name}`,
};

export const NO_BACKING: Backing = {
  begin: () => undefined,
  changed: () => undefined,
  forgotten: () => undefined,
  ready: () => EMPTY,
  flush: () => EMPTY,
  close: () => EMPTY,
};
