/** Signs the links of the tests. */
export const linkSecret = "a secret of thirty-two bytes, ok";

/** Signs the tokens of the tests' callers. */
export const apiSecret = "the api's secret: thirty-two byte";
