// placeholder
export async function shots() {}
