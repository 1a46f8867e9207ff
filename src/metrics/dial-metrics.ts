/** What the dials of a host are counted as. @source swarm sheet, MET-6, MET-8 to MET-10 */
import type { DialEvent } from '../core/events.js';
import type { Collectors } from './collectors.js';
import { addrLabels, dialCountLabel, dialErrorLabel } from './labels.js';

/** Addresses of one peer whose delay is measured; the dialer takes 100 of each kind at most. */
const MAX_ADDRS = 1_000;

/** One peer's worker: all its callers' dials, from the first start to the last end. */
interface Worker {
  readonly startedAt: number;
  readonly callers: Set<string>;
  readonly plannedAt: Map<string, number>;
  readonly delays: Map<string, number>;
  attempts: number;
  connected: boolean;
  reused: boolean;
}

export class DialMetrics {
  /** Peers that are being dialed: as many as the application dials. */
  private readonly workers = new Map<string, Worker>();

  constructor(private readonly collectors: Collectors) {}

  /** Takes any event of a dial. */
  hear(event: DialEvent): void {
    const { peer, dialId } = event;
    if (event.type === 'dial:start') this.start(event);
    const worker = this.workers.get(peer);
    if (worker?.callers.has(dialId) === true) this.tell(worker, event);
  }

  private start({ peer, dialId, at }: Extract<DialEvent, { type: 'dial:start' }>): void {
    const worker = this.workers.get(peer) ?? {
      startedAt: at,
      callers: new Set(),
      plannedAt: new Map<string, number>(),
      delays: new Map<string, number>(),
      attempts: 0,
      connected: false,
      reused: false,
    };
    worker.callers.add(dialId);
    this.workers.set(peer, worker);
  }

  private tell(worker: Worker, event: DialEvent): void {
    if (event.type === 'dial:plan') note(worker.plannedAt, event.addr, event.at);
    else if (event.type === 'dial:attempt') {
      worker.attempts += 1;
      note(worker.delays, event.addr, event.at - (worker.plannedAt.get(event.addr) ?? event.at));
    } else if (event.type === 'dial:connect') this.connected(worker, event.addr);
    else if (event.type === 'dial:fail') this.count(event.addr, dialErrorLabel(event.code, event.error));
    else if (event.type === 'dial:cancel') this.count(event.addr, cancelLabel(worker));
    else if (event.type === 'dial:end') this.end(worker, event);
  }

  private connected(worker: Worker, addr: string): void {
    if (!worker.connected) this.collectors.rankingDelay.observe((worker.delays.get(addr) ?? 0) / 1000);
    worker.connected = true;
  }

  private count(addr: string, error: string): void {
    this.collectors.dialErrors.inc({ ...addrLabels(addr), error });
  }

  private end(worker: Worker, { peer, dialId, outcome, at }: Extract<DialEvent, { type: 'dial:end' }>): void {
    worker.callers.delete(dialId);
    worker.reused ||= outcome === 'reused';
    if (worker.callers.size > 0) return;
    this.workers.delete(peer);
    // A connection was there already: go-libp2p makes no worker for that.
    if (worker.reused && worker.attempts === 0) return;
    const labels = {
      outcome: worker.connected ? 'success' : 'failed',
      num_dials: dialCountLabel(worker.attempts),
    };
    this.collectors.dials.inc(labels);
    this.collectors.dialLatency.observe(labels, (at - worker.startedAt) / 1000);
  }
}

function note(times: Map<string, number>, addr: string, ms: number): void {
  if (times.size < MAX_ADDRS && !times.has(addr)) times.set(addr, ms);
}

/** Only the end of the last caller cancels: where a connection came first, that was why. */
function cancelLabel({ connected }: Worker): string {
  return connected ? 'canceled: concurrent dial successful' : 'application canceled';
}
