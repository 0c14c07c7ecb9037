import { describe, expect, it } from 'vitest';
import type { IdentityHandlers } from '../gen/csi/v1/Identity.ts';
import { loadCsiServiceTypes } from './proto.ts';
import type { ServiceMethods } from './service.ts';
import { createService } from './service.ts';

const whole: ServiceMethods<IdentityHandlers> = {
  GetPluginInfo: async () => ({ name: 'test.stowage.dev' }),
  GetPluginCapabilities: undefined,
  Probe: async (_request, { signal }) => ({ ready: { value: !signal.aborted } }),
};

describe('createService', () => {
  it('takes a handler or a written-down undefined for every method', () => {
    const service = createService(loadCsiServiceTypes().Identity, whole);

    expect(service.name).toBe('csi.v1.Identity');
    expect([...service.methods.keys()].sort()).toEqual(['GetPluginInfo', 'Probe']);
  });

  it('does not compile when a method is missing, mistyped or unheard of', () => {
    const { Probe: _probe, ...partial } = whole;
    // @ts-expect-error Probe is missing
    const missing: ServiceMethods<IdentityHandlers> = partial;
    // @ts-expect-error the response has another type
    const mistyped: ServiceMethods<IdentityHandlers> = { ...whole, Probe: async () => ({ ready: 'yes' }) };
    // @ts-expect-error a handler answers by a promise
    const callback: ServiceMethods<IdentityHandlers> = { ...whole, Probe: () => ({}) };
    // @ts-expect-error there is no such method
    const unheardOf: ServiceMethods<IdentityHandlers> = { ...whole, Prob: async () => ({}) };

    expect([missing, mistyped, callback, unheardOf]).toHaveLength(4);
  });
});
