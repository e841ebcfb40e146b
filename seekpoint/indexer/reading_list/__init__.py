"""Reading lists: parsing files, folders and addresses into resources."""
