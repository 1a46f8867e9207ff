import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { prometheusMetrics } from '../../src/metrics.js';

const metrics = readFileSync(new URL('../../docs/guide/metrics.md', import.meta.url), 'utf8');

it('[MET] the guide lists every metric that is registered, and no other', () => {
  const registry = new Registry();
  prometheusMetrics(registry);
  const registered = registry.getMetricsAsArray().map(({ name }) => name.replace('libp2p_', ''));
  const table = metrics.slice(metrics.indexOf('| metric'), metrics.indexOf('`transport` is'));
  const listed = [...table.matchAll(/`((?:swarm|identify|rcmgr|eventbus)_\w+)`/g)].map(
    ([, name = '']) => name,
  );
  expect(listed.sort()).toEqual(registered.sort());
});
