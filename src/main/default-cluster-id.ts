/** Of clusters that have no name of their own. */
export const DEFAULT_CLUSTER_ID = 'standalone';
