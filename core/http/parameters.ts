/**
 * The parameters of a request's URL. Names lose an `amp;` in front: in HTML an `&` is written `&amp;`,
 * and some programs follow the link without decoding it.
 */
export function readParameters(url: string): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of new URL(url).searchParams) {
    parameters.append(name.replace(/^(?:amp;)+/, ""), value);
  }
  return parameters;
}
