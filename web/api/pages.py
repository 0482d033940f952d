from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """Pages that stay stable while entries arrive."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 1000
