"""The case screen: banner, record, images, differential, next steps."""
