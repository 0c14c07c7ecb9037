export type { PoolQuotas } from './candidates.ts';
export type { QuotaDeps } from './deps.ts';
export { assumeQuotas } from './assume.ts';
export { assertAdoptable } from './limits.ts';
export { createPlainQuota } from './plain.ts';
export { probePlainQuota, probeQuotas, type ProbeQuotaDeps } from './probe.ts';
export { createProjectQuota } from './project.ts';
export { createQgroupQuota } from './qgroup.ts';
