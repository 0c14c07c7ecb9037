import { hostname } from 'node:os';
import * as z from 'zod';

/** What strings that have to match a pattern look like is said in words by `form`, which the reference shows. */
export const AbsolutePath = z
  .string()
  .regex(/^\/[^\0]*$/, 'must be an absolute path')
  .meta({ form: 'absolute path' });

/** A Unix socket as CSI writes it. */
const Endpoint = z
  .string()
  .regex(
    /^unix:\/\/\/[^\0]+\.sock$/,
    'must be unix:///… and end in .sock (CSI: there is nothing but Unix sockets)',
  )
  .meta({ form: '`unix:///…/NAME.sock`' });

/** What sockets belong to, when not to the user who runs the program. */
export const SocketAccess = z.strictObject({
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be octal, for instance "0600"')
    .default('0600')
    .meta({ form: 'octal, for instance `"0600"`', description: 'Permission bits of the socket.' }),
  uid: z.number().int().nonnegative().optional().meta({ description: 'Owner of the socket.' }),
  gid: z.number().int().nonnegative().optional().meta({ description: 'Group of the socket.' }),
});
export type SocketAccess = z.infer<typeof SocketAccess>;

/** Everything in the configuration file but the drivers, whose sections their backends bring (main/config.ts joins them). */
export const baseConfigShape = {
  node: z
    .strictObject({
      name: z
        .string()
        .min(1)
        .max(63)
        .default(() => hostname())
        .meta({ description: 'Name of this node, as Kubernetes knows it. Default: the host name.' }),
    })
    .prefault({}),
  clusterId: z.string().min(1).max(128).optional().meta({
    description:
      'What tells clusters apart on shared storage. Default: the UID of namespace kube-system where the registry is in Kubernetes, else `standalone`. Nodes hear it from controllers.',
  }),
  stateDirectory: AbsolutePath.default('/var/lib/stowage').meta({
    description:
      'Where the registry of pools is kept. Losing it is not losing data, but a missing disk is then not noticed.',
  }),
  runDirectory: AbsolutePath.default('/run/stowage').meta({
    description:
      'For what must not outlive a reboot: records of frozen file systems. In a container this has to be the /run of the host.',
  }),
  log: z
    .strictObject({
      level: z
        .enum(['error', 'warn', 'info', 'debug'])
        .default('info')
        .meta({ description: 'The least that is logged.' }),
      format: z
        .enum(['json', 'pretty'])
        .default('json')
        .meta({ description: 'json for machines, pretty for people.' }),
    })
    .prefault({}),
  http: z
    .strictObject({
      address: z
        .string()
        .regex(/^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):\d{1,5}$/, 'must be ADDRESS:PORT')
        .optional()
        .meta({
          form: '`ADDRESS:PORT`',
          description:
            'Where /healthz, /readyz and /metrics are served, for instance 127.0.0.1:9808. Left out: nowhere.',
        }),
    })
    .prefault({}),
  sockets: SocketAccess.prefault({}).meta({ description: 'Who may use the CSI sockets.' }),
  limits: z
    .strictObject({
      operationSeconds: z
        .number()
        .int()
        .positive()
        .default(110)
        .meta({ description: 'Bound on the work for one call.' }),
      shutdownSeconds: z
        .number()
        .int()
        .positive()
        .default(20)
        .meta({ description: 'How long calls may go on after SIGTERM.' }),
    })
    .prefault({}),
} as const;

/** Sockets of one driver: one for both services, or one each. */
export const endpointShape = {
  endpoint: Endpoint.optional().meta({
    description: 'One socket for all services of this driver that the program serves.',
  }),
  controllerEndpoint: Endpoint.optional().meta({ description: 'Socket for Identity and Controller.' }),
  nodeEndpoint: Endpoint.optional().meta({ description: 'Socket for Identity and Node.' }),
} as const;
