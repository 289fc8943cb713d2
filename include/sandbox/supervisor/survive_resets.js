// Loaded into dynalite before it starts. It ends with the whole engine when a client is killed
// in the middle of a request; a real DynamoDB does not, so neither may ours.
process.on('uncaughtException', (error) => {
  if (error.code !== 'ECONNRESET') {
    console.error(error)
    process.exit(1)
  }
})
