import type { Context, Hono } from "hono";
import type { Deliveries } from "../../core/delivery/deliveries.ts";
import type { Delivery } from "../../core/delivery/delivery.ts";
import { ZiplinkError } from "../../core/errors.ts";
import type { Auth, Caller } from "../../core/http/caller.ts";
import { refuse } from "../../core/http/refuse.ts";
import type { JwtKeys } from "../../core/links/jwt-keys.ts";
import type { PlanLimits } from "../../core/planning/plan-limits.ts";
import type { ArchiveBodyOptions } from "../api/api-request.ts";
import type { BodyBudget } from "../api/body-budget.ts";
import { readJson } from "../api/read-json.ts";
import { challenge, maxValuesOf, originOf } from "../api/routes.ts";
import type { PageSettings } from "../page/page.ts";
import type { ScopedEnv } from "../protection/scopes.ts";
import { type DeliveryBodyOptions, deliveryIdOf, toDeliveryRequest } from "./delivery-body.ts";
import { pageOf, parseDeliveryQuery } from "./delivery-pages.ts";
import { describeNow, type MintResult } from "./describe-delivery.ts";
import { streamEvents } from "./events.ts";
import { addObjects, type DeliveredObjects, mintResult } from "./object-routes.ts";

/** Options of the routes of deliveries, beside those of all callers. */
export interface DeliveriesEndpoint
  extends Pick<DeliveryBodyOptions, "keyOf" | "assertUrl" | "assertNotify">,
    DeliveredObjects {
  readonly deliveries: Deliveries;
}

/** Parts that the routes of deliveries share with those of archives. */
export interface DeliveryRouteOptions extends ArchiveBodyOptions {
  readonly auth: Auth;
  readonly publicUrl?: string | undefined;
  readonly limits: PlanLimits;
  readonly maxBodyBytes: number;
  readonly bodies: BodyBudget;
  readonly maxLinkSeconds: number;
  readonly linkKeys: JwtKeys;
  readonly cacheControl: string;
  readonly page: PageSettings;
}

/** Adds routes to an app that has everything else. */
export type AddDeliveries = (app: Hono<ScopedEnv>, options: DeliveryRouteOptions) => void;

/** The routes of these deliveries, for `AppOptions.deliveries`. */
export function deliveryRoutes(endpoint: DeliveriesEndpoint): AddDeliveries {
  return (app, options) => {
    addDeliveries(app, endpoint, { ...options, ...endpoint });
    addObjects(app, { ...options, find: endpoint.find });
  };
}

const COMMANDS = ["cancel", "pause", "resume", "verify", "restart"] as const;

/** Adds the routes of deliveries, each for the caller whose they are. */
function addDeliveries(
  app: Hono<ScopedEnv>,
  { deliveries }: DeliveriesEndpoint,
  options: DeliveryRouteOptions & DeliveryBodyOptions,
): void {
  const mint: MintResult = (delivery, base) =>
    mintResult(delivery, base, options.linkKeys, options.maxLinkSeconds);
  const baseOf = (request: Request) => options.publicUrl ?? originOf(request);
  const answerWith = async (request: Request, delivery: Delivery, status = 200) => {
    const body = await describeNow(deliveries, delivery, mint, baseOf(request));
    const Location = `${baseOf(request)}/deliveries/${delivery.id}`;
    return json(body, status, status === 202 ? { Location } : {});
  };

  app.post("/deliveries", (context) =>
    answer(context, async (request, caller) => {
      const held = options.bodies.hold(caller.id);
      try {
        const { maxBodyBytes, limits } = options;
        const body = await readJson(request, maxBodyBytes, maxValuesOf(limits), { held });
        const id = deliveryIdOf(request.headers, caller);
        const made = await toDeliveryRequest(body, caller, options);
        const delivery = await deliveries.create({ id, caller: caller.id, ...made });
        return await answerWith(request, delivery, 202);
      } finally {
        held.release();
      }
    }),
  );

  app.get("/deliveries", (context) =>
    answer(context, async (request, caller) => {
      const query = parseDeliveryQuery(new URL(request.url).searchParams);
      const { page, nextPageToken } = pageOf(await deliveries.list(caller.id, query.status), query);
      const described = page.map((one) => describeNow(deliveries, one, mint, baseOf(request)));
      return json({
        deliveries: await Promise.all(described),
        ...(nextPageToken !== undefined && { next_page_token: nextPageToken }),
      });
    }),
  );

  app.get("/deliveries/:id", (context) =>
    answer(context, async (request, caller) =>
      answerWith(request, await deliveries.get(idOf(context), caller.id)),
    ),
  );

  app.get("/deliveries/:id/events", (context) =>
    answer(context, async (request, caller) => {
      const id = idOf(context);
      await deliveries.get(id, caller.id);
      return streamEvents(request, (signal) => deliveries.watch(id, caller.id, 1000, signal), {
        describe: ({ delivery }) => describeNow(deliveries, delivery, mint, baseOf(request)),
      });
    }),
  );

  for (const command of COMMANDS) {
    app.post(`/deliveries/:id/${command}`, (context) =>
      answer(context, async (request, caller) => {
        const delivery = await deliveries[command](idOf(context), caller.id);
        const isWork = command === "resume" || command === "restart";
        return answerWith(request, delivery, isWork ? 202 : 200);
      }),
    );
  }

  app.delete("/deliveries/:id", (context) =>
    answer(context, async (_, caller) => {
      await deliveries.forget(idOf(context), caller.id);
      return new Response(null, { status: 204, headers: { "Cache-Control": "no-store" } });
    }),
  );

  async function answer(
    context: Context<ScopedEnv>,
    work: (request: Request, caller: Caller) => Promise<Response>,
  ): Promise<Response> {
    const request = context.req.raw;
    const scope = context.get("scope");
    let caller: Caller | undefined;
    try {
      caller = await options.auth(request);
      await scope.admit({ subject: caller.id });
      return await work(request, caller);
    } catch (error) {
      const principal = caller ? { subject: caller.id } : {};
      const headers = challenge(request, error);
      return refuse(request, error, principal, scope.audit, { headers });
    }
  }
}

/** Ids are used as names in the state store. */
function idOf(context: Context<ScopedEnv>): string {
  const id = context.req.param("id") ?? "";
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new ZiplinkError("not_found", "There is no such delivery.");
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(body, {
    status,
    headers: { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...headers },
  });
}
