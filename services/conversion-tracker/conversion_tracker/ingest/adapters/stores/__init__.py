"""Orders of Shopify and WooCommerce stores, as their own webhooks report them."""
