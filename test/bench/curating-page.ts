export async function curatingPage(_path: string): Promise<void> {}
