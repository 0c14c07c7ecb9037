import { describe, expect, it } from 'vitest';
import { METRICS } from './metric-table.ts';
import type { PoolRoom } from './metrics.ts';
import { createMetrics } from './metrics.ts';

const room = { totalBytes: 100, freeBytes: 60, promisedBytes: 70, availableBytes: 30 };
const call = { driver: 'd', service: 'csi.v1.Identity', method: 'Probe' };

function metricsOver(rooms: () => readonly PoolRoom[]) {
  return createMetrics({
    version: '1.2.3',
    operationsInFlight: () => 4,
    listPoolRoom: async () => rooms(),
  });
}

describe('createMetrics', () => {
  it('counts and times calls by driver, service, method and code', async () => {
    const metrics = metricsOver(() => []);

    metrics.started(call);
    metrics.handled(call, 'OK', 0.01);
    metrics.started(call);
    metrics.handled(call, 'ABORTED', 0.01);

    const { text } = await metrics.scrape();
    const labels = 'driver="d",service="csi.v1.Identity",method="Probe"';
    expect(text).toContain(`stowage_rpc_started_total{${labels}} 2`);
    expect(text).toContain(`stowage_rpc_handled_total{${labels},code="OK"} 1`);
    expect(text).toContain(`stowage_rpc_handled_total{${labels},code="ABORTED"} 1`);
    expect(text).toContain(`stowage_rpc_duration_seconds_count{${labels},code="OK"} 1`);
  });

  it('asks for rooms and operations at each scrape, and forgets pools that are gone', async () => {
    let rooms: readonly PoolRoom[] = [
      { driver: 'd', pool: 'ssd', node: 'n1', isUp: true, limitsDirectories: true, room },
      { driver: 'd', pool: 'hdd', node: 'n1', isUp: false, limitsDirectories: undefined, room: undefined },
    ];
    const metrics = metricsOver(() => rooms);

    const first = (await metrics.scrape()).text;
    rooms = [];
    const second = (await metrics.scrape()).text;

    expect(first).toContain('stowage_operations_in_flight 4');
    expect(first).toContain('stowage_pool_total_bytes{pool="ssd",node="n1",driver="d"} 100');
    expect(first).toContain('stowage_pool_free_bytes{pool="ssd",node="n1",driver="d"} 60');
    expect(first).toContain('stowage_pool_promised_bytes{pool="ssd",node="n1",driver="d"} 70');
    expect(first).toContain('stowage_pool_available_bytes{pool="ssd",node="n1",driver="d"} 30');
    expect(first).toContain('stowage_pool_up{pool="ssd",node="n1",driver="d"} 1');
    expect(first).toContain('stowage_pool_up{pool="hdd",node="n1",driver="d"} 0');
    expect(first).not.toContain('stowage_pool_free_bytes{pool="hdd"');
    expect(second).not.toContain('pool="ssd"');
  });

  it('registers every metric of the table, the build and the process', async () => {
    const { text } = await metricsOver(() => []).scrape();

    for (const [name, { help, type }] of Object.entries(METRICS)) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}`);
    }
    expect(text).toContain(`stowage_build_info{version="1.2.3",node_version="${process.versions.node}"} 1`);
    expect(text).toContain('process_resident_memory_bytes');
  });
});
