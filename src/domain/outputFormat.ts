/** How a model can be held to the shape of its answer, best first. */
export const OUTPUT_FORMATS = ['json_schema', 'json_object', 'plain'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
