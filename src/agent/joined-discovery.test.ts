import { expect, test } from 'vitest';
import { createFakeDiscovery } from '../../test/support/fake-agents.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { joinDiscoveries } from './joined-discovery.ts';

const SERVER = { nodeName: 'server', address: 'server.example:9810' };
const NODE = { nodeName: 'n1', address: '10.0.0.1:9810' };

function startScene() {
  const { logger, lines } = keepLog();
  const [listed, found] = [createFakeDiscovery([SERVER]), createFakeDiscovery([NODE])];
  return { listed, found, lines, joined: joinDiscoveries({ listed, found, logger }) };
}

test('agents of both kinds are there, and a change of either is told until nobody wants to know', () => {
  const { joined, listed, found } = startScene();
  let told = 0;
  const subscription = joined.onChange(() => {
    told += 1;
  });
  expect(joined.list()).toEqual([SERVER, NODE]);

  found.set([]);
  expect(joined.list()).toEqual([SERVER]);
  listed.set([]);
  expect(joined.list()).toEqual([]);
  expect(told).toBe(2);

  subscription[Symbol.dispose]();
  found.set([NODE]);
  listed.set([SERVER]);
  expect(told).toBe(2);
});

test('of a node that both have, the listed agent counts, and the log says so once', () => {
  const { joined, found, lines } = startScene();
  found.set([{ ...SERVER, address: '10.0.0.9:9810' }, NODE]);

  expect(joined.list()).toEqual([SERVER, NODE]);
  expect(joined.list()).toEqual([SERVER, NODE]);

  expect(lines).toMatchObject([
    { level: 'error', fields: { node: 'server', listed: SERVER.address, found: '10.0.0.9:9810' } },
  ]);
});
