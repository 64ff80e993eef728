import { type Archives, ZiplinkError } from "../../functions/index.ts";

/**
 * The application's own part, the same in each recipe: sends the documents of an order as a ZIP. A real
 * application looks up here whether the user may have the order, and which objects belong to it. Rejects
 * with a `ZiplinkError`, for example `not_found` for an order without documents.
 */
export async function sendDocuments(
  archives: Archives,
  request: Request,
  order: string,
): Promise<Response> {
  if (!/^\d+$/.test(order)) throw new ZiplinkError("not_found", "There is no such order.");
  const spec = { name: `Order ${order}`, prefix: `orders/${order}/` };
  const plan = await archives.plan(spec, { signal: request.signal });
  return archives.send(request, { spec, plan, principal: { subject: "user-1" } });
}
