"""Reading lists: files, folders and addresses, and the resources they name."""
