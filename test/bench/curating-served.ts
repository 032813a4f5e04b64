export async function curatingServed(_path: string): Promise<void> {}
