/** Metrics by go-libp2p's names, for its dashboards: over `prom-client`, which must be installed beside it. */
import type { Observer } from 'rxjs';
import type { HostEvent } from './core/events.js';
import { collectorsIn, type MetricsRegistry } from './metrics/collectors.js';
import { HostMetrics } from './metrics/host-metrics.js';

export type { MetricsRegistry } from './metrics/collectors.js';

/**
 * An observer for one host's events, `createHost({ events: prometheusMetrics(registry) })`, that counts them in `registry`.
 * Call it once for each host; several hosts may share a registry, and then add up (but gauges have the last word). It
 * counts while it is subscribed, and takes nothing back. Throws ERR_INVALID_OPTION for what is no registry, or one that has
 * another kind of metric by one of these names.
 * @source go-libp2p's metrics, MET-2 to MET-12, MET-20 to MET-25, MET-30 to MET-33, MET-36, MET-37, MET-40
 */
export function prometheusMetrics(
  registry: MetricsRegistry,
): Pick<Observer<HostEvent>, 'next'> & Partial<Observer<HostEvent>> {
  const metrics = new HostMetrics(collectorsIn(registry));
  return {
    next: (event) => {
      metrics.hear(event);
    },
  };
}
