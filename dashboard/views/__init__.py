"""The public site's pages that read several apps."""
