/** A gater made of lists: peers, addresses and subnets, changed while it is used, and kept if there is a datastore. @source go-libp2p, basic connection gater (GATE-3) */
import type { Multiaddr } from '@multiformats/multiaddr';
import { utf8 } from '../core/bytes.js';
import { Libp2pError, quote } from '../core/errors.js';
import type { ConnectionGater } from '../core/gater.js';
import type { PeerId } from '../core/identity.js';
import { isPeerId, peerIdFrom } from '../core/peer-id.js';
import { show } from '../core/show.js';
import { RuleStore, type RuleDatastore } from '../promises/rule-store.js';
import { firstIp } from './dial-filters.js';
import { IpRules, parseSubnet, printSubnet, type Subnet } from '../core/ip-rules.js';

export type Verdict = 'allow' | 'deny';
/** A peer (its id, or the text of it), an IP address, or a subnet such as `10.0.0.0/8`. */
export type Whom = PeerId | string;
export interface AccessRule {
  readonly verdict: Verdict;
  readonly kind: 'peer' | 'addr' | 'subnet';
  /** Canonical text. */
  readonly value: string;
}
export interface AllowDenyOptions {
  /** Not stored; they win over what is. */
  allow?: readonly Whom[] | undefined;
  deny?: readonly Whom[] | undefined;
  /** What becomes of those that no rule names: `allow`, if left out. `addrs` also judges addresses without an IP. */
  otherwise?: { peers?: Verdict | undefined; addrs?: Verdict | undefined } | undefined;
  /** Any `interface-datastore`; keeps what `allow`, `deny` and `forget` change. */
  datastore?: RuleDatastore | undefined;
}
/** Judges what comes; connections that are open stay (GATE-4). */
export interface AllowDenyGater extends ConnectionGater {
  /** Replaces what was said about exactly this peer, address or subnet. Throws ERR_INVALID_OPTION for what is none of them. */
  allow(whom: Whom): void;
  deny(whom: Whom): void;
  forget(whom: Whom): void;
  readonly rules: readonly AccessRule[];
  /** Stored keys that say nothing, escaped: they are passed over. */
  readonly skipped: readonly string[];
  /** Resolves when what was stored is in force; until then nobody is allowed. Rejects as the datastore does. */
  ready(): Promise<void>;
  /** Resolves when all changes are stored; rejects with the first that failed since it was last asked. */
  flush(): Promise<void>;
}

/** Where go-libp2p keeps what it blocks; what is allowed has a folder of its own in it. */
const NAMESPACE = '/libp2p/net/conngater';
const ALLOWED = 'allow/';

/**
 * A gater for `createHost({ gater })`. Addresses are compared by their bytes, and IPv4 in IPv6 clothes is IPv4. Of rules
 * about an address the longest prefix decides, so that an exception can be made of a subnet. Throws ERR_INVALID_OPTION.
 */
export function allowDeny(options: AllowDenyOptions = {}): AllowDenyGater {
  return new ListGater(options);
}

type Subject =
  | { readonly kind: 'peer'; readonly value: string; readonly bytes: Uint8Array }
  | { readonly kind: 'addr' | 'subnet'; readonly value: string; readonly subnet: Subnet };

class ListGater implements AllowDenyGater {
  readonly #peers = new Map<string, Verdict>();
  readonly #ips = new IpRules<Verdict>();
  /** By kind and value. As many as the application has made. */
  readonly #rules = new Map<string, AccessRule>();
  readonly #otherwise: { readonly peers: Verdict; readonly addrs: Verdict };
  readonly #store: RuleStore | undefined;
  readonly #skipped: string[] = [];
  /** What was said before the datastore answered. */
  readonly #said = new Set<string>();

  constructor(options: AllowDenyOptions) {
    const { allow = [], deny = [], otherwise = {}, datastore, ...others } = options;
    assertNone(others);
    this.#otherwise = checkedVerdicts(otherwise);
    for (const whom of allow) this.#put(subjectOf(whom), 'allow');
    for (const whom of deny) this.#put(subjectOf(whom), 'deny');
    if (datastore !== undefined)
      this.#store = new RuleStore(datastore, NAMESPACE, (names) => {
        for (const name of names) this.#restore(name);
        this.#said.clear();
      });
  }

  get rules(): readonly AccessRule[] {
    return [...this.#rules.values()];
  }
  get skipped(): readonly string[] {
    return this.#skipped;
  }

  allow(whom: Whom): void {
    this.#say(subjectOf(whom), 'allow');
  }
  deny(whom: Whom): void {
    this.#say(subjectOf(whom), 'deny');
  }
  forget(whom: Whom): void {
    this.#say(subjectOf(whom), undefined);
  }
  async ready(): Promise<void> {
    await this.#store?.ready();
  }
  async flush(): Promise<void> {
    await this.#store?.flush();
  }

  // ── hooks ──────────────────────────────────────────────────────────────────────────────────────────────────────────
  allowDialPeer(peer: PeerId): boolean {
    return this.#allowsPeer(peer);
  }
  allowDialAddr(_peer: PeerId, addr: Multiaddr): boolean {
    return this.#allowsAddr(addr);
  }
  allowAccept({ remoteAddr }: { readonly remoteAddr: Multiaddr }): boolean {
    return this.#allowsAddr(remoteAddr);
  }
  /** Who was dialed has been judged. */
  allowSecured(direction: 'inbound' | 'outbound', peer: PeerId): boolean {
    return direction === 'outbound' || this.#allowsPeer(peer);
  }
  allowUpgraded(): boolean {
    return true;
  }

  #allowsPeer(peer: PeerId): boolean {
    return this.#isReady && (this.#peers.get(peer.toString()) ?? this.#otherwise.peers) === 'allow';
  }

  #allowsAddr(addr: Multiaddr): boolean {
    const ip = firstIp(addr);
    const verdict = ip === undefined ? undefined : this.#ips.find(ip);
    return this.#isReady && (verdict ?? this.#otherwise.addrs) === 'allow';
  }

  get #isReady(): boolean {
    return this.#store?.isLoaded !== false;
  }

  // ── rules ──────────────────────────────────────────────────────────────────────────────────────────────────────────
  #say(subject: Subject, verdict: Verdict | undefined): void {
    if (verdict === undefined) this.#drop(subject);
    else this.#put(subject, verdict);
    if (this.#store === undefined) return;
    const name = nameOf(subject);
    if (!this.#isReady) this.#said.add(name);
    const value =
      subject.kind === 'peer'
        ? subject.bytes
        : subject.kind === 'addr'
          ? subject.subnet.network
          : utf8(subject.value);
    for (const [which, key] of [
      ['deny', name],
      ['allow', ALLOWED + name],
    ] as const)
      if (which === verdict) this.#store.put(key, value);
      else this.#store.delete(key);
  }

  #put(subject: Subject, verdict: Verdict): void {
    const { kind, value } = subject;
    this.#rules.set(nameOf(subject), { verdict, kind, value });
    if (subject.kind === 'peer') this.#peers.set(value, verdict);
    else this.#ips.set(subject.subnet, verdict);
  }

  #drop(subject: Subject): void {
    this.#rules.delete(nameOf(subject));
    if (subject.kind === 'peer') this.#peers.delete(subject.value);
    else this.#ips.delete(subject.subnet);
  }

  /** Under what was said here and now. */
  #restore(name: string): void {
    const verdict = name.startsWith(ALLOWED) ? 'allow' : 'deny';
    const text = verdict === 'allow' ? name.slice(ALLOWED.length) : name;
    try {
      const subject = subjectOf(text.slice(text.indexOf('/') + 1));
      if (nameOf(subject) !== text) throw invalid(`${quote(text)} is not how it is stored`);
      if (!this.#rules.has(text) && !this.#said.has(text)) this.#put(subject, verdict);
    } catch {
      this.#skipped.push(quote(name));
    }
  }
}

function nameOf({ kind, value }: Subject): string {
  return `${kind}/${value}`;
}

function subjectOf(whom: unknown): Subject {
  if (isPeerId(whom)) return { kind: 'peer', value: whom.toString(), bytes: whom.bytes };
  if (typeof whom === 'string') {
    const subnet = parseSubnet(whom);
    if (subnet !== undefined) {
      const value = printSubnet(subnet);
      return { kind: value.includes('/') ? 'subnet' : 'addr', value, subnet };
    }
    // What looks like an address and is none is no peer either: its text has characters that no id has.
    try {
      return subjectOf(peerIdFrom(whom));
    } catch {
      // Said below.
    }
  }
  throw invalid(
    `${typeof whom === 'string' ? quote(whom) : show(whom)} is no peer id, no IP address and no subnet` +
      ' (IPv4 without leading zeros)',
  );
}

function checkedVerdicts({
  peers = 'allow',
  addrs = 'allow',
  ...others
}: NonNullable<AllowDenyOptions['otherwise']>): { readonly peers: Verdict; readonly addrs: Verdict } {
  assertNone(others);
  // Whoever does not use types can pass anything.
  for (const verdict of [peers, addrs] as unknown[])
    if (verdict !== 'allow' && verdict !== 'deny')
      throw invalid(`otherwise has ${show(verdict)}; it takes 'allow' or 'deny'`);
  return { peers, addrs };
}

function assertNone(others: object): void {
  for (const [name, value] of Object.entries(others) as [string, unknown][])
    throw invalid(`there is no option "${name}" (its value: ${show(value)})`);
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `allowDeny: ${message}`);
}
