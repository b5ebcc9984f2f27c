declare module "virtual:messages" {
  const catalogues: Record<string, Record<string, string>>;
  export default catalogues;
}
