declare module "virtual:messages" {
  const catalogues: Record<string, Record<string, string>>;
  export default catalogues;
}
declare module "virtual:messages/*" {
  const catalogue: Record<string, string>;
  export default catalogue;
}
